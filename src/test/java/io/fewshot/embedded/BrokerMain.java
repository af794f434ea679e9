package io.fewshot.embedded;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/**
 * A broker in a process of its own, so that it can be killed: {@code BrokerMain DIRECTORY PORT}.
 * Prints its address once it serves.
 */
public final class BrokerMain {

  private BrokerMain() {}

  public static void main(String[] arguments) throws Exception {
    try (EmbeddedBroker broker =
        EmbeddedBroker.start(Path.of(arguments[0]), Integer.parseInt(arguments[1]))) {
      System.out.println("serving " + broker.bootstrapServers());
      CountDownLatch ended = new CountDownLatch(1);
      Runtime.getRuntime().addShutdownHook(new Thread(ended::countDown));
      ended.await();
    }
  }
}
