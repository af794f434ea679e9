package io.fewshot.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Local ports of this machine. */
final class Ports {

  private Ports() {}

  /** A port that is free now. Another process may take it before it is used. */
  static int free() {
    try (ServerSocket socket = new ServerSocket(0, 1, loopback())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new EmbeddedException("no local port is free: " + e.getMessage(), e);
    }
  }

  /**
   * The given port, or a free one for 0.
   *
   * @throws EmbeddedException when the given one is taken
   */
  static int check(int port, String what) {
    if (port == 0) {
      return free();
    }
    try (ServerSocket socket = new ServerSocket()) {
      // As servers do, so that a port whose last connections linger counts as free.
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(loopback(), port), 1);
      return port;
    } catch (IOException | IllegalArgumentException e) {
      throw new EmbeddedException(
          "port " + port + " for the " + what + " is taken: choose another, or 0 for any", e);
    }
  }

  private static InetAddress loopback() {
    return InetAddress.getLoopbackAddress();
  }
}
