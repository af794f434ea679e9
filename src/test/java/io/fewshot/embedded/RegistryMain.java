package io.fewshot.embedded;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** A registry to be used by other processes: {@code RegistryMain DIRECTORY PORT}. */
public final class RegistryMain {

  private RegistryMain() {}

  public static void main(String[] arguments) throws Exception {
    try (EmbeddedRegistry registry =
        EmbeddedRegistry.start(
            Path.of(arguments[0]), Integer.parseInt(arguments[1]), waited -> {})) {
      System.out.println("serving " + registry.url());
      CountDownLatch ended = new CountDownLatch(1);
      Runtime.getRuntime().addShutdownHook(new Thread(ended::countDown));
      ended.await();
    }
  }
}
