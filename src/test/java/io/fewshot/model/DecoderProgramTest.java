package io.fewshot.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Collections;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DecoderProgramTest {

  /** DJL sets a block up at its first pass that is trained, without a lock. */
  @Test
  void theFirstPassesThatAreTrainedMayRunAtOnce() {
    int threads = 2;
    try (Lanes lanes = new Lanes(threads, "test");
        NDManager manager = TorchEngine.get().newBaseManager(Device.cpu())) {
      for (int round = 0; round < 60; round++) {
        // Given
        CyclicBarrier together = new CyclicBarrier(threads);
        try (DecoderProgram program = DecoderProgram.load(DecoderProgram.DECODER, Device.cpu())) {
          // When, Then
          assertThat(
                  lanes.run(
                      Collections.nCopies(threads, program),
                      1,
                      each -> like(each, manager, together)))
              .containsOnly(1f);
        }
      }
    }
  }

  private static float like(DecoderProgram program, NDManager manager, CyclicBarrier together) {
    try (NDManager pass = manager.newSubManager()) {
      NDList arguments = new NDList(pass.ones(new Shape(1), DataType.FLOAT32));
      for (int i = 0; i < 2000; i++) {
        NDArray weight = pass.ones(new Shape(1), DataType.FLOAT32);
        weight.setName("w[]");
        arguments.add(weight);
      }
      together.await(10, TimeUnit.SECONDS);
      return program.run(pass, "like", arguments).singletonOrThrow().toFloatArray()[0];
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
