package io.fewshot.model;

/** A linear layer of a decoder's block that an adapter may change. */
public enum LoraModule {
  Q("self_attn.q_proj"),
  K("self_attn.k_proj"),
  V("self_attn.v_proj"),
  O("self_attn.o_proj"),
  GATE("mlp.gate_proj"),
  UP("mlp.up_proj"),
  DOWN("mlp.down_proj");

  private final String path;

  LoraModule(String path) {
    this.path = path;
  }

  /** Where it is in a layer of Hugging Face's Llama and Qwen2 classes. */
  public String path() {
    return path;
  }

  /** The name that PEFT's {@code target_modules} has. */
  public String target() {
    return path.substring(path.indexOf('.') + 1);
  }
}
