"""Reads an exported data set with datasets, as LLaMA-Factory is told to, and with TRL if it is there."""

import json
import sys
from pathlib import Path

from datasets import Value, load_dataset

path = Path(sys.argv[1])
written = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
read = load_dataset("json", data_files=str(path), split="train")
assert len(read) == len(written), len(read)
assert all(dict(row) == line for row, line in zip(read, written, strict=True))
assert read.features["created_at"] == Value("int64"), read.features
for name in ("input", "output", "task", "example_id", "labeler", "split"):
    assert read.features[name] == Value("string"), read.features

# LLaMA-Factory: the entry's file lies beside it, and its columns are there (alpaca: prompt, response).
info = json.loads((path.parent / "dataset_info.json").read_text(encoding="utf-8"))
entry = info[path.stem]
assert (path.parent / entry["file_name"]).samefile(path)
assert entry["formatting"] == "alpaca"
assert set(entry["columns"]) == {"prompt", "response"}
assert set(entry["columns"].values()) <= set(read.column_names)

try:
    from trl.data_utils import apply_chat_template, is_conversational
except ImportError:
    print("no trl here")
else:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"?": 0}, unk_token="?")))
    tokenizer.chat_template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    first = read[0]
    assert is_conversational(first)
    turned = apply_chat_template(first, tokenizer)
    assert turned["prompt"] == f"<user>{first['input']}<assistant>", turned
    assert turned["completion"] == first["output"], turned
    print("trl reads it")
print(f"read {len(read)}")
