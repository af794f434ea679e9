package io.fewshot.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.optimizer.AdamW;
import ai.djl.training.tracker.ParameterTracker;
import java.util.Map;
import java.util.function.Function;

/** DJL's AdamW, whose moments would else belong to nobody and never be freed. */
final class TrackedAdamW extends AdamW {

  private final NDManager owner;

  /**
   * @param owner of the moments
   */
  TrackedAdamW(NDManager owner, ParameterTracker rates, double decay) {
    super(AdamW.builder().optLearningRateTracker(rates).optWeightDecays((float) decay));
    this.owner = owner;
  }

  @Override
  protected NDArray withDefaultState(
      Map<String, Map<Device, NDArray>> state,
      String key,
      Device device,
      Function<String, NDArray> create) {
    NDArray moment = super.withDefaultState(state, key, device, create);
    moment.attach(owner);
    return moment;
  }
}
