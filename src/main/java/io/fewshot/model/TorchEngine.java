package io.fewshot.model;

import ai.djl.Device;
import ai.djl.engine.Engine;
import com.sun.jna.NativeLibrary;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** PyTorch in this process: the one place where its settings are made. */
public final class TorchEngine {

  private static final String NAME = "PyTorch";

  private TorchEngine() {}

  /**
   * Makes the settings that hold for everything that DJL runs here; to be called before anything
   * else of DJL.
   *
   * <p>DJL reads them from system properties, at the engine's first use or at each call; what the
   * user set stays. Offline: the natives are on the class path, and nothing is to be asked for on
   * the net. Graph optimizer: it specializes programs to shapes seen, which pays only with few
   * fixed shapes, and costs seconds at the first calls.
   */
  public static void configure() {
    setDefault("ai.djl.offline", "true");
    setDefault("OPT_OUT_TRACKING", "true");
    setDefault("ai.djl.pytorch.graph_optimizer", "false");
    setDefault("ai.djl.pytorch.num_threads", Integer.toString(threads()));
    setDefault("ai.djl.pytorch.num_interop_threads", "1");
  }

  static Engine get() {
    configure();
    try {
      return Engine.getEngine(NAME);
    } catch (RuntimeException | LinkageError e) {
      throw new ModelException(
          "PyTorch's native library cannot be loaded: " + oneLine(e) + "; see `doctor`", e);
    }
  }

  /**
   * Gives back what loading took. A mapped file and memory outside the heap are freed with the Java
   * objects that stand for them, which a quiet process might not collect for hours: 200 MB and
   * more.
   */
  static void loaded() {
    System.gc();
    // What the collector frees is given back to C by a thread of its own, a little later.
    CompletableFuture.delayedExecutor(2, TimeUnit.SECONDS).execute(TorchEngine::trim);
  }

  /**
   * Gives memory that C's allocator keeps for later back to the system; see malloc_trim(3). Passes
   * of many sizes leave it in pieces that no later one fits into. Takes milliseconds; does nothing
   * where the C library has no such function.
   */
  static void trim() {
    try {
      NativeLibrary.getProcess().getFunction("malloc_trim").invokeInt(new Object[] {0L});
    } catch (UnsatisfiedLinkError e) {
      // Not glibc.
    }
  }

  /** Threads of one computation. */
  static int threads() {
    return Runtime.getRuntime().availableProcessors();
  }

  /**
   * @param name {@code auto}, {@code cpu} or {@code cuda:N}
   */
  static Device device(String name) {
    Engine engine = get();
    if (name.equals("auto")) {
      return engine.getGpuCount() > 0 ? Device.gpu(0) : Device.cpu();
    }
    if (name.equals("cpu")) {
      return Device.cpu();
    }
    if (name.matches("cuda:\\d{1,3}")) {
      int index = Integer.parseInt(name.substring(5));
      if (index >= engine.getGpuCount()) {
        throw new ModelException(
            "There is no device %s (%d CUDA devices found); use auto or cpu"
                .formatted(name, engine.getGpuCount()));
      }
      return Device.gpu(index);
    }
    throw new ModelException("Device " + name + " is unknown; use auto, cpu or cuda:N");
  }

  static String oneLine(Throwable e) {
    String message = String.valueOf(e.getMessage());
    return message.lines().filter(line -> !line.isBlank()).findFirst().orElse(message).strip();
  }

  private static void setDefault(String key, String value) {
    if (System.getProperty(key) == null) {
      System.setProperty(key, value);
    }
  }
}
