package io.fewshot.labeling;

import io.fewshot.ops.SettingsException;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * How the page is served.
 *
 * @param host the address to listen on; beyond this machine only with users
 * @param port 0 for a free one
 * @param users who may log in; with none, whoever sits at this machine is an owner
 * @param agreement how many labelers each message needs, at least 1, unless its task says otherwise
 * @param metrics whether {@code /metrics} is served here too, which needs a login beyond this
 *     machine; not when they have a port of their own
 */
public record WebSettings(String host, int port, Users users, int agreement, boolean metrics) {

  public static final String LOCALHOST = "127.0.0.1";
  private static final int MOST_LABELERS = 9;

  public WebSettings {
    if (agreement < 1 || agreement > MOST_LABELERS) {
      throw new SettingsException("agreement is 1 to 9 labelers, not " + agreement);
    }
    if (users.isEmpty() && !isLoopback(host)) {
      throw new SettingsException(
          "to listen on "
              + host
              + ", beyond this machine, the page needs users: make lines with ./fewshot web"
              + " --new-user NAME and name their file with --users");
    }
  }

  /** With metrics. */
  public WebSettings(String host, int port, Users users, int agreement) {
    this(host, port, users, agreement, true);
  }

  /** On this machine alone, without users, one labeler for each message. */
  public static WebSettings local(int port) {
    return new WebSettings(LOCALHOST, port, Users.none(), 1);
  }

  /** Whether only this machine can reach it. */
  boolean isLocal() {
    return isLoopback(host);
  }

  private static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new SettingsException("there is no address " + host + " to listen on");
    }
  }
}
