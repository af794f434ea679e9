package io.fewshot.cli;

import io.fewshot.labeling.LabelingService;
import io.fewshot.labeling.Role;
import io.fewshot.labeling.Users;
import io.fewshot.labeling.WebSettings;
import io.fewshot.ops.BrokerWatch;
import io.fewshot.ops.Health;
import io.fewshot.ops.HealthPages;
import io.fewshot.ops.HealthServer;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import io.fewshot.ops.SettingsException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The page on which people label. */
@picocli.CommandLine.Command(
    name = "web",
    description = "Serves the page on which people label, until Ctrl-C.",
    footer = {
      "",
      "Example: ./fewshot web --port 8080",
      "For others than this machine it needs users, a line for each:",
      "  ./fewshot web --new-user ann --role labeler >> users   (asks for the password)",
      "  ./fewshot web --host 0.0.0.0 --users users             (put it behind TLS)",
      "FEWSHOT_WEB_USERS may hold such lines instead of a file."
    })
final class WebCommand extends Command {

  private static final String USERS = "FEWSHOT_WEB_USERS";
  private static final int SHORTEST_PASSWORD = 8;

  @Mixin private final ConnectionOptions connection = new ConnectionOptions();

  @Option(
      names = "--port",
      paramLabel = "N",
      description =
          "Of the page, /healthz, /readyz and /metrics; 0 for a free one (default: 8080).")
  private @Nullable Integer port;

  @Option(
      names = "--management-port",
      paramLabel = "N",
      description = {
        "Serves /healthz, /readyz and /metrics there, for everybody who reaches it, and /metrics",
        "nowhere else. Without it /metrics needs a login as soon as --host is beyond this machine."
      })
  private @Nullable Integer managementPort;

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      description = "Where to listen (default: 127.0.0.1, this machine alone).")
  private String host = WebSettings.LOCALHOST;

  @Option(names = "--users", paramLabel = "FILE", description = "Who may log in.")
  private @Nullable Path users;

  @Option(
      names = "--agreement",
      paramLabel = "N",
      description = "How many labelers each message needs, unless its task says (default: 1).")
  private int agreement = 1;

  @Option(
      names = "--new-user",
      paramLabel = "NAME",
      description = "Prints a line for the users' file and ends; reads the password.")
  private @Nullable String newUser;

  @Option(
      names = "--role",
      paramLabel = "ROLE",
      description = "Of the new user: labeler or owner (default: labeler).")
  private String role = Role.LABELER.label();

  WebCommand(Console console) {
    super(console);
  }

  @Override
  int run() throws IOException {
    if (newUser != null) {
      console.result(Users.line(newUser, Role.ofLabel(role), password()));
      return DONE;
    }
    Map<String, String> flags = new HashMap<>();
    put(flags, Settings.PORT, port);
    put(flags, Settings.MANAGEMENT_PORT, managementPort);
    Settings settings = connection.settings(flags);
    Optional<Integer> management = settings.managementPort();
    WebSettings web =
        new WebSettings(host, settings.port(), users(), agreement, management.isEmpty());
    Health health = new Health();
    try (Cluster cluster = new Cluster(settings);
        Metrics metrics = new Metrics();
        HealthServer managed = manage(management, health, metrics);
        BrokerWatch broker = BrokerWatch.start(settings, health);
        LabelingService page = serve(cluster, health, metrics, web)) {
      if (managed != null) {
        console.say("health and metrics on port " + managed.port());
      }
      console.say("serving http://%s:%d/, Ctrl-C ends it".formatted(host, page.port()));
      sayReadiness(health);
    } catch (StoppedException e) {
      console.say("stopped");
    }
    return DONE;
  }

  private static void put(Map<String, String> flags, String name, @Nullable Integer value) {
    if (value != null) {
      flags.put(name, value.toString());
    }
  }

  private static @Nullable HealthServer manage(
      Optional<Integer> port, Health health, Metrics metrics) {
    if (port.isEmpty()) {
      return null;
    }
    try {
      return HealthServer.start(port.get(), new HealthPages(health, metrics));
    } catch (SettingsException e) {
      throw new FailedException(
          "port " + port.get() + " is taken: choose another with --management-port", e);
    }
  }

  /** Serves on a port that was asked for. */
  static LabelingService serve(Cluster cluster, Health health, Metrics metrics, WebSettings web) {
    try {
      return LabelingService.start(
          cluster.settings(), cluster.topics(), cluster.codecs(), health, metrics, web);
    } catch (SettingsException e) {
      throw new FailedException(String.valueOf(e.getMessage()), e);
    }
  }

  private Users users() {
    String lines = System.getenv(USERS);
    if (users != null) {
      return Users.read(users);
    }
    return lines == null ? Users.none() : Users.parse(lines);
  }

  /** From the terminal without an echo, or a line of standard input. */
  private char[] password() throws IOException {
    char[] password = null;
    if (System.console() != null) {
      password = System.console().readPassword("Password: ");
    } else {
      String line =
          new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8))
              .readLine();
      password = line == null ? null : line.toCharArray();
    }
    if (password == null || password.length < SHORTEST_PASSWORD) {
      throw new BadInputException("a password has at least " + SHORTEST_PASSWORD + " characters");
    }
    return password;
  }
}
