"""Loads an adapter with transformers and PEFT and compares what it says with what the engine said.

Usage: peft_check.py GGUF_FILE ADAPTER_DIRECTORY EXPECTED_JSON

EXPECTED_JSON holds {"labels": n, "tolerance": t, "cases": [{"tokens": [...], "log_probabilities": [...]}]};
for an adapter that writes, labels is 0 and the log-probabilities are those of each next token.
"""
import json
import os
import pathlib
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

gguf, adapter, expected = sys.argv[1:]
wanted = json.loads(pathlib.Path(expected).read_text(encoding="utf-8"))
folder, name = os.path.split(gguf)
torch.manual_seed(0)
if wanted["labels"]:
    base = AutoModelForSequenceClassification.from_pretrained(
        folder, gguf_file=name, num_labels=wanted["labels"], dtype=torch.float32
    )
    base.config.pad_token_id = 0
else:
    base = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
model = PeftModel.from_pretrained(base, adapter).eval()
worst = 0.0
changed = 0.0
for case in wanted["cases"]:
    tokens = torch.tensor([case["tokens"]])
    ours = torch.tensor(case["log_probabilities"])
    with torch.no_grad():
        logits = model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits
        with model.disable_adapter():
            plain = model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits
    if wanted["labels"]:
        theirs = torch.log_softmax(logits[0], -1)
    else:
        following = torch.log_softmax(logits[0, :-1], -1)
        theirs = following.gather(1, tokens[0, 1:, None])[:, 0]
    worst = max(worst, float((theirs - ours).abs().max()))
    changed = max(changed, float((plain - logits).abs().max()))
print(json.dumps({"cases": len(wanted["cases"]), "largest_difference": worst, "adapter_changes": changed}))
if worst > wanted["tolerance"] or changed < 10 * wanted["tolerance"]:
    sys.exit("differs by %s; the adapter changes %s" % (worst, changed))
