package io.fewshot.ops;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.jspecify.annotations.Nullable;

/**
 * Where to connect and how to run: an immutable set of properties. Ours begin with {@code
 * fewshot.}; those of the registry's client and of Kafka's clients have their own names, the latter
 * also with {@code producer.}, {@code consumer.} or {@code admin.} before them.
 *
 * <p>Sources in order: flags, the configuration file, the environment, the {@code up} that runs on
 * this machine, defaults. Every accessor throws {@link SettingsException} when a value makes no
 * sense.
 */
public final class Settings {

  public static final String BOOTSTRAP = "bootstrap.servers";
  public static final String REGISTRY = "schema.registry.url";

  static final String OURS = "fewshot.";
  public static final String TOPIC_PREFIX = OURS + "topic.prefix";
  public static final String APPLICATION_ID_PREFIX = OURS + "application.id.prefix";
  public static final String PARTITIONS = OURS + "partitions";
  public static final String REPLICATION = OURS + "replication";
  public static final String STATE_DIR = OURS + "state.dir";
  public static final String PORT = OURS + "port";
  public static final String MANAGEMENT_PORT = OURS + "management.port";
  public static final String ANSWERING_THREADS = OURS + "answering.threads";
  public static final String LEARNING_THREADS = OURS + "learning.threads";
  public static final String MEMORY = OURS + "memory.mib";
  public static final String DTYPE = OURS + "dtype";
  public static final String DEVICE = OURS + "device";
  public static final String MODELS = OURS + "models";
  public static final String RUNGS = OURS + "rungs";
  public static final String SERDE = OURS + "serde";
  public static final String MAX_TEXT = OURS + "max.text.bytes";
  public static final String TRAINER_EXAMPLES = OURS + "trainer.examples";
  public static final String TRAINER_EVERY = OURS + "trainer.every";
  public static final String TRAINER_HOLDOUT = OURS + "trainer.holdout";
  public static final String LORA_RANK = OURS + "trainer.lora.rank";
  public static final String LORA_MODULES = OURS + "trainer.lora.modules";
  public static final String LORA_EPOCHS = OURS + "trainer.lora.epochs";
  public static final String LORA_RATE = OURS + "trainer.lora.rate";

  static final Set<String> NAMES =
      Set.of(
          TOPIC_PREFIX,
          APPLICATION_ID_PREFIX,
          PARTITIONS,
          REPLICATION,
          STATE_DIR,
          PORT,
          MANAGEMENT_PORT,
          ANSWERING_THREADS,
          LEARNING_THREADS,
          MEMORY,
          DTYPE,
          DEVICE,
          MODELS,
          RUNGS,
          SERDE,
          MAX_TEXT,
          TRAINER_EXAMPLES,
          TRAINER_EVERY,
          TRAINER_HOLDOUT,
          LORA_RANK,
          LORA_MODULES,
          LORA_EPOCHS,
          LORA_RATE);

  /** A record of the largest topic must fit into one request, in bytes. */
  private static final String MAX_REQUEST = Integer.toString(8 << 20);

  private final SettingValues values;
  private final Path cache;

  private Settings(Map<String, String> values, Path cache) {
    this.values = new SettingValues(values);
    this.cache = cache;
  }

  /**
   * Settings for one run.
   *
   * @param flags property names and values from the command line
   * @param file a Java properties file, or null
   * @param environment usually {@link System#getenv()}
   * @throws SettingsException when the file is missing or has an unknown setting of ours
   */
  public static Settings load(
      Map<String, String> flags, @Nullable Path file, Map<String, String> environment) {
    Map<String, String> values = new HashMap<>(SettingsSources.environment(environment));
    if (file != null) {
      values.putAll(SettingsSources.file(file));
    }
    values.putAll(flags);
    Path cache = UserDirectories.cache(environment);
    if (!values.containsKey(BOOTSTRAP)) {
      // Both or none: the registry of one installation knows nothing of another's records.
      UpFile.read(cache)
          .ifPresent(
              up -> {
                values.put(BOOTSTRAP, up.bootstrap());
                values.putIfAbsent(REGISTRY, up.registry());
              });
    }
    return new Settings(values, cache);
  }

  /** The same with some values replaced. */
  public Settings with(Map<String, String> replacements) {
    Map<String, String> changed = new HashMap<>(values.all());
    changed.putAll(replacements);
    return new Settings(changed, cache);
  }

  /** Whether anybody said where the broker is. */
  public boolean knowsBroker() {
    return values.has(BOOTSTRAP);
  }

  /** The broker's address. */
  public String bootstrapServers() {
    return values.required(
        BOOTSTRAP,
        "no broker known: start one with ./fewshot up, or name yours with --bootstrap-servers"
            + " or FEWSHOT_BOOTSTRAP_SERVERS");
  }

  /** The registry's base URLs, separated by commas. */
  public String registryUrl() {
    return values.required(
        REGISTRY,
        "no schema registry known: name yours with --schema-registry-url or"
            + " FEWSHOT_SCHEMA_REGISTRY_URL");
  }

  /** What the codecs need: the registry's properties, and {@code serde} when another is wanted. */
  public Map<String, String> registry() {
    Map<String, String> properties = new HashMap<>(new ClientProperties(values.all()).registry());
    properties.put(REGISTRY, registryUrl());
    serde().ifPresent(serde -> properties.put("serde", serde));
    return properties;
  }

  /** Properties of an admin client. */
  public Map<String, Object> admin() {
    return client("admin.", AdminClientConfig.configNames());
  }

  /** Properties of a consumer, without deserializers and group. */
  public Map<String, Object> consumer() {
    return client("consumer.", ConsumerConfig.configNames());
  }

  /** Properties of a producer, without serializers. */
  public Map<String, Object> producer() {
    Map<String, Object> properties = client("producer.", ProducerConfig.configNames());
    properties.putIfAbsent(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_REQUEST);
    return properties;
  }

  /** Properties of a Kafka Streams application, without its id and its directory. */
  public Map<String, Object> streams() {
    Map<String, Object> properties = new HashMap<>(new ClientProperties(values.all()).kafka());
    properties.put(BOOTSTRAP, bootstrapServers());
    properties.putIfAbsent("producer." + ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_REQUEST);
    return properties;
  }

  private Map<String, Object> client(String prefix, Set<String> names) {
    Map<String, Object> properties = new ClientProperties(values.all()).client(prefix, names);
    properties.put(BOOTSTRAP, bootstrapServers());
    return properties;
  }

  /** What every topic's name begins with. */
  public String topicPrefix() {
    return values.text(TOPIC_PREFIX, "fewshot.");
  }

  /** What application ids begin with; by default it follows the topics, to keep tenants apart. */
  public String applicationIdPrefix() {
    String prefix = topicPrefix();
    String stem = prefix.endsWith(".") ? prefix.substring(0, prefix.length() - 1) : prefix;
    return values.text(APPLICATION_ID_PREFIX, stem + "-");
  }

  /** Of the topics that carry the load. */
  public int partitions() {
    return values.number(PARTITIONS, 6, 1, 10_000);
  }

  /** Copies of each partition; -1 for the broker's default. */
  public int replication() {
    return values.number(REPLICATION, -1, -1, 100);
  }

  /** Where the applications keep their local state. */
  public Path stateDirectory() {
    return values.find(STATE_DIR).map(Path::of).orElseGet(() -> cache.resolve("state"));
  }

  /** Of this user: downloads and notes about what runs. */
  public Path cacheDirectory() {
    return cache;
  }

  /** Of the web page and the health endpoints; 0 for a free one. */
  public int port() {
    return values.number(PORT, 8080, 0, 65_535);
  }

  /** Of health and metrics beside the web page; empty when the page's own port serves them. */
  public Optional<Integer> managementPort() {
    return values.find(MANAGEMENT_PORT).map(port -> values.number(MANAGEMENT_PORT, 0, 0, 65_535));
  }

  public int answeringThreads() {
    return values.number(ANSWERING_THREADS, 1, 1, 256);
  }

  public int learningThreads() {
    return values.number(LEARNING_THREADS, 1, 1, 256);
  }

  /** So many bytes of the heap may the examples take; empty for a share that suits the heap. */
  public Optional<Long> memoryBytes() {
    return values.find(MEMORY).map(mib -> (long) values.number(MEMORY, 0, 1, 1 << 20) << 20);
  }

  /** {@code auto}, {@code bf16}, {@code fp32} or {@code int8}. */
  public String dtype() {
    return values.choice(DTYPE, "auto", "auto|bf16|fp32|int8", "auto, bf16, fp32 or int8");
  }

  /** {@code auto}, {@code cpu} or {@code cuda:N}. */
  public String device() {
    return values.choice(DEVICE, "auto", "auto|cpu|cuda:\\d+", "auto, cpu or cuda:N");
  }

  /** Models to load before they are asked for. */
  public List<String> models() {
    return values.list(MODELS);
  }

  /** The rungs that this process runs, by their names; empty for all that it can. */
  public List<String> rungs() {
    return values.list(RUNGS);
  }

  /** The longest text of a message or an example, in bytes of UTF-8. */
  public int maxTextBytes() {
    return values.number(MAX_TEXT, 64 << 10, 256, 1 << 20);
  }

  /** So many new examples of a task start a training; 0 for never. */
  public int trainerExamples() {
    return values.number(TRAINER_EXAMPLES, 200, 0, 1_000_000_000);
  }

  /** How often tasks with new examples are trained, as ISO 8601 has it; empty for never. */
  public Optional<Duration> trainerEvery() {
    return values.duration(TRAINER_EVERY);
  }

  /** With fewer held out messages than this, a candidate is judged by cross-validation. */
  public int trainerHoldout() {
    return values.number(TRAINER_HOLDOUT, 100, 1, 1_000_000_000);
  }

  /** Rank of the adapters that are trained. */
  public int loraRank() {
    return values.number(LORA_RANK, 8, 1, 256);
  }

  /** The modules that adapters change, such as q_proj; empty for all. */
  public List<String> loraModules() {
    return values.list(LORA_MODULES);
  }

  /** Most passes of a training over the examples; 0 for a number that suits how many there are. */
  public int loraEpochs() {
    return values.number(LORA_EPOCHS, 0, 0, 10_000);
  }

  /** Highest learning rate of an adapter, in millionths. */
  public int loraRate() {
    return values.number(LORA_RATE, 1000, 1, 1_000_000);
  }

  /** The class of another serde than ours. */
  public Optional<String> serde() {
    String name = values.text(SERDE, values.text("serde", "")).strip();
    return name.isEmpty() ? Optional.empty() : Optional.of(name);
  }

  /** All values but the secret ones, for people to read. */
  @Override
  public String toString() {
    return "Settings" + values.shown();
  }
}
