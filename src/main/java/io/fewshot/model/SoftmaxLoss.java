package io.fewshot.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * Logarithmic loss of a linear model with a softmax over fixed rows, and its gradient: two matrix
 * products and what lies between, on PyTorch with all cores. A column of ones is added to the rows
 * for the intercept. Owns native memory until it is closed; for one thread at a time.
 */
public final class SoftmaxLoss implements AutoCloseable {

  private final NDManager manager;
  private final int[] y;
  private final int classes;
  private final int columns;
  private final NDArray x;
  private final NDArray own;
  private final NDArray truth;

  /**
   * @param vectors of one length, at least one
   * @param y class of each vector, from 0
   * @throws ModelException when PyTorch is not there
   */
  public SoftmaxLoss(List<float[]> vectors, int[] y, int classes) {
    this.y = y.clone();
    this.classes = classes;
    this.columns = vectors.get(0).length + 1;
    this.manager = TorchEngine.get().newBaseManager(Device.cpu());
    int rows = y.length;
    FloatBuffer values = manager.allocateDirect(4 * rows * columns).asFloatBuffer();
    float[] truths = new float[rows * classes];
    for (int i = 0; i < rows; i++) {
      values.put(vectors.get(i)).put(1);
      truths[i * classes + y[i]] = 1;
    }
    values.rewind();
    this.x = manager.create(values, new Shape(rows, columns), DataType.FLOAT32);
    this.truth = manager.create(truths, new Shape(rows, classes));
    this.own = manager.create(this.y, new Shape(rows, 1)).toType(DataType.INT64, false);
  }

  /**
   * Loss and gradient at a point.
   *
   * @param loss mean over the rows, in nats
   * @param gradient of the mean, {@code [classes][columns]}
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Slope(double loss, float[] gradient) {}

  /**
   * @param weights {@code [classes][columns]}, the intercept last
   */
  public Slope slope(float[] weights) {
    try (NDManager pass = manager.newSubManager()) {
      NDArray logs = scores(pass, weights).logSoftmax(1);
      NDArray residuals = logs.exp().subi(truth).divi(y.length);
      float[] gradient = residuals.transpose().matMul(x).toFloatArray();
      return new Slope(loss(logs), gradient);
    }
  }

  /**
   * How well weights do on the rows.
   *
   * @param loss mean over the rows, in nats
   */
  public record Quality(double loss, double accuracy) {}

  /**
   * @param weights {@code [classes][columns]}, the intercept last
   */
  public Quality quality(float[] weights) {
    try (NDManager pass = manager.newSubManager()) {
      NDArray scores = scores(pass, weights);
      long[] best = scores.argMax(1).toLongArray();
      int right = 0;
      for (int i = 0; i < y.length; i++) {
        right += best[i] == y[i] ? 1 : 0;
      }
      return new Quality(loss(scores.logSoftmax(1)), right / (double) y.length);
    }
  }

  /** The mean of the rows' outer products, {@code [columns][columns]}. */
  public float[][] meanOuterProduct() {
    try (NDManager pass = manager.newSubManager()) {
      NDArray turned = x.transpose();
      turned.attach(pass);
      float[] flat = turned.matMul(x).divi(y.length).toFloatArray();
      float[][] mean = new float[columns][columns];
      for (int i = 0; i < columns; i++) {
        System.arraycopy(flat, i * columns, mean[i], 0, columns);
      }
      return mean;
    }
  }

  private NDArray scores(NDManager pass, float[] weights) {
    NDArray turned = pass.create(weights, new Shape(classes, columns)).transpose();
    NDArray scores = x.matMul(turned);
    // What comes of an array belongs to its manager, and the rows' lives longer than the pass.
    scores.attach(pass);
    return scores;
  }

  /** Summed up in double: a line search tells points apart that a float does not. */
  private double loss(NDArray logs) {
    double sum = 0;
    for (float each : logs.gather(own, 1).toFloatArray()) {
      sum -= each;
    }
    return sum / y.length;
  }

  @Override
  public void close() {
    manager.close();
  }
}
