package io.fewshot.memory;

import io.fewshot.model.BertEncoder;
import java.util.List;

/** An encoder's network in bf16 on PyTorch. Owns it. */
record TorchNetwork(BertEncoder bert) implements EncoderNetwork {

  @Override
  public boolean fits(int texts, int tokens, int longest) {
    return tokens <= bert.batchTokens();
  }

  @Override
  public float[][] firstStates(List<long[]> texts) {
    return bert.firstStates(texts);
  }

  @Override
  public void close() {
    bert.close();
  }
}
