package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fewshot.embedded.Embedded;
import io.fewshot.event.Candidate;
import io.fewshot.event.Codecs;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.Split;
import io.fewshot.event.Status;
import io.fewshot.event.Topics;
import io.fewshot.event.TrainingExample;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that talk to a broker and a registry, on real ones. */
class ClusterCommandsIT {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static Embedded embedded;

  @TempDir Path directory;

  @BeforeAll
  static void start() {
    embedded = Embedded.startTemporary();
    assertThat(run("", "topics", "create").status()).isZero();
  }

  @AfterAll
  static void stop() {
    embedded.close();
  }

  @Test
  void topicsAreCreatedOnceAndThenAsTheyShouldBe() {
    // Given topics that were created before every test
    // When
    Ran again = run("", "topics", "create", "--json");
    Ran check = run("", "topics", "check");

    // Then
    assertThat(again.status()).isZero();
    assertThat(again.json()).hasSize(Topics.standard().all().size());
    assertThat(again.json()).noneMatch(line -> line.path("created").asBoolean());
    assertThat(check.status()).isZero();
    assertThat(check.err()).contains("as they should be");
  }

  @Test
  void topicsThatCarryTheLoadGrowAndTheOthersStay() {
    // Given topics of an installation of their own
    run("", "topics", "create", "--topic-prefix", "grown.");

    // When
    Ran grow = run("", "topics", "grow", "--topic-prefix", "grown.", "--partitions", "8", "--json");
    Ran again =
        run("", "topics", "grow", "--topic-prefix", "grown.", "--partitions", "7", "--json");
    Ran check = run("", "topics", "check", "--topic-prefix", "grown.");

    // Then
    assertThat(grow.status()).isZero();
    assertThat(grow.json())
        .extracting(line -> line.path("topic").asText() + " " + line.path("partitions").asInt())
        .containsExactly("grown.queries 8", "grown.results 8", "grown.labeling 8");
    assertThat(again.json())
        .allMatch(line -> line.path("partitions").asInt() == 8)
        .noneMatch(line -> line.path("grown").asBoolean());
    assertThat(check.status()).as(check.out()).isZero();
  }

  @Test
  void topicsThatAreMissingAreNamed() {
    Ran check = run("", "topics", "check", "--topic-prefix", "other.", "--json");
    Ran publish = run("text\nhello\n", "publish", "--topic-prefix", "other.", "--task", "t", "-");

    assertThat(check.status()).isEqualTo(1);
    assertThat(check.json()).anyMatch(line -> line.path("topic").asText().equals("other.queries"));
    assertThat(publish.status()).isEqualTo(1);
    assertThat(publish.err()).contains("other.queries is not there", "topics create");
  }

  @Test
  void messagesArePublishedWithTheirIds() throws IOException {
    // Given
    Path file = directory.resolve("messages.csv");
    Files.writeString(file, "query_id,key,text,label\npub-1,conv,hello,x\n,,\"again\nthere\",x\n");

    // When
    Ran publish = run("", "publish", "--task", "pub", file.toString(), "--json");

    // Then
    assertThat(publish.status()).isZero();
    List<String> ids = publish.json().stream().map(line -> line.path("query_id").asText()).toList();
    assertThat(ids).hasSize(2).contains("pub-1").doesNotContain("");
    assertThat(publish.err()).contains("there is no task pub");
    Map<String, String> keys = new java.util.HashMap<>();
    Map<String, Query> queries = new java.util.HashMap<>();
    try (Cluster cluster = cluster();
        TopicReader reader = new TopicReader(cluster, cluster.topics().queries())) {
      reader.readToEnd(
          record -> {
            Query query =
                cluster
                    .codecs()
                    .codec(Query.class)
                    .decode(record.topic(), record.headers(), record.value());
            if (query.getTask().equals("pub")) {
              queries.put(query.getQueryId(), query);
              keys.put(query.getQueryId(), TopicReader.key(record));
            }
            return true;
          });
    }
    assertThat(queries.keySet()).containsExactlyInAnyOrderElementsOf(ids);
    assertThat(queries.get("pub-1").getText()).isEqualTo("hello");
    assertThat(keys.get("pub-1")).isEqualTo("conv");
    String other = ids.stream().filter(id -> !id.equals("pub-1")).findFirst().orElseThrow();
    assertThat(queries.get(other).getText()).isEqualTo("again\nthere");
    assertThat(keys.get(other)).isEqualTo(other);
    assertThat(queries.get("pub-1").toString()).doesNotContain("label");
  }

  @Test
  void aFaultInAFileLeavesNothingPublished() throws IOException {
    Path file = directory.resolve("faulty.csv");
    Files.writeString(file, "text\nfine\n\"open\n");

    Ran publish = run("", "publish", "--task", "faulty", file.toString(), "--json");

    assertThat(publish.status()).isEqualTo(2);
    assertThat(publish.out()).isEmpty();
    assertThat(publish.err()).contains("line 3 opens a quote").hasLineCount(1);
  }

  @Test
  void resultsAreReadAndWhatCannotBeReadIsSkipped() {
    // Given two results of one task, one of another, and bytes that are none
    try (KafkaProducer<String, byte[]> producer =
            new KafkaProducer<>(
                Map.of("bootstrap.servers", embedded.bootstrapServers()),
                new StringSerializer(),
                new ByteArraySerializer());
        Codecs codecs = Codecs.of(embedded.properties())) {
      String topic = Topics.standard().results().name();
      for (Result result : List.of(result("r1", "one"), result("r2", "one"), result("r3", "two"))) {
        producer.send(
            new ProducerRecord<>(topic, "k", codecs.codec(Result.class).encode(topic, result)));
      }
      producer.send(new ProducerRecord<>(topic, "k", new byte[] {1, 2, 3}));
    }

    // When
    Ran all = run("", "results", "--json");
    Ran one = run("", "results", "--json", "--task", "one", "--limit", "1");
    Ran people = run("", "results", "--task", "two");

    // Then
    assertThat(all.status()).isZero();
    assertThat(all.json())
        .extracting(line -> line.path("query_id").asText())
        .containsExactly("r1", "r2", "r3");
    assertThat(all.json().get(0).path("status").asText()).isEqualTo("NEEDS_REVIEW");
    assertThat(all.json().get(0).path("candidates").get(0).path("probability").asDouble())
        .isEqualTo(0.75);
    assertThat(all.err()).contains("skipped fewshot.results-");
    assertThat(one.json()).extracting(line -> line.path("query_id").asText()).containsExactly("r1");
    assertThat(people.out()).contains("r3", "refund", "0.75", "few-shot", "NEEDS_REVIEW", "e1");
  }

  @Test
  void tasksAreAppliedAndListed() throws IOException {
    // Given
    Path file = directory.resolve("greet.yaml");
    Files.writeString(file, "task: greet\ninstruction: Say which greeting it is.\n");

    // When
    Ran apply = run("", "task", "apply", file.toString());
    Ran list = run("", "task", "list", "--json");

    // Then
    assertThat(apply.status()).isZero();
    assertThat(list.json())
        .filteredOn(line -> line.path("task").asText().equals("greet"))
        .singleElement()
        .satisfies(line -> assertThat(line.path("definition").asText()).contains("which greeting"));
  }

  @Test
  void examplesAreImportedListedAndRemoved() {
    // Given
    apply("task: greet\ninstruction: Say which greeting it is.\n");
    String examples = "{\"text\": \"hi\", \"label\": \"a\"}\n{\"text\": \"ho\", \"output\": \"b\"}";

    // When imported twice
    Ran first = run(examples, "examples", "import", "--task", "greet", "-", "--json");
    Ran second = run(examples, "examples", "import", "--task", "greet", "-", "--json");

    // Then they are there once
    assertThat(first.status()).isZero();
    assertThat(second.json())
        .extracting(line -> line.path("example_id"))
        .isEqualTo(first.json().stream().map(line -> line.path("example_id")).toList());
    assertThat(first.err())
        .contains("imported 2 examples for greet: 2 new, 0 replaced, 0 repeated");
    assertThat(second.err()).contains("0 new, 0 replaced, 2 repeated, 0 refused");
    assertThat(list())
        .extracting(line -> line.path("input").asText())
        .containsExactlyInAnyOrder("hi", "ho");

    // When one is removed
    String id = first.json().get(0).path("example_id").asText();
    Ran remove = run("", "examples", "remove", "--task", "greet", id, "--no-wait");
    Ran strange = run("", "examples", "remove", "--task", "greet", "nobody");

    // Then the other stays
    assertThat(remove.status()).isZero();
    assertThat(strange.status()).isEqualTo(1);
    assertThat(strange.err()).contains("has no example nobody");
    assertThat(list())
        .extracting(line -> line.path("example_id").asText())
        .containsExactly(first.json().get(1).path("example_id").asText());
  }

  @Test
  void anImportSaysWhatBecameOfEachRow() {
    // Given a task that declares its labels, and one that nobody applied
    apply("task: fixed\ninstruction: i\nlabels: [late, refund]\n");

    // When
    Ran ids = run("id,text,label\n1,a,late\n1,b,refund\n2,c,late\n", in("fixed"));
    Ran typos = run("text,label\nd,lte\ne,late \nf,REFUND\n", in("fixed"));
    Ran nobody = run("text,label\na,x\n", in("no-such-task"));
    Ran fault = run("text,label\ng,late\nh,\n", in("fixed"));

    // Then
    assertThat(ids.status()).isZero();
    assertThat(ids.err())
        .contains("1 row has the id of an earlier row and replaced it, the first on line 3 (id 1)")
        .contains("imported 3 examples for fixed: 2 new, 1 replaced, 0 repeated, 0 refused");
    assertThat(typos.status()).isEqualTo(2);
    assertThat(typos.json())
        .singleElement()
        .satisfies(line -> assertThat(line.path("change").asText()).isEqualTo("new"));
    assertThat(typos.err())
        .contains("1 new, 0 replaced, 0 repeated, 2 refused")
        .contains("no label 'lte' (line 2), 'REFUND' (line 4; is 'refund' meant?)");
    assertThat(nobody.status()).isEqualTo(2);
    assertThat(nobody.err()).contains("no task no-such-task", "task apply").hasLineCount(1);
    assertThat(fault.status()).isEqualTo(2);
    assertThat(run("", "examples", "list", "--task", "fixed", "--json").json())
        .extracting(line -> line.path("input").asText())
        .containsExactlyInAnyOrder("b", "c", "e");

    // When, Then: a correction is held against the labels too
    Ran correct =
        run(
            "",
            "correct --query-id c9 --output Late --labeler ann --task fixed --text hi".split(" "));
    assertThat(correct.status()).isEqualTo(2);
    assertThat(correct.err()).contains("no label 'Late': is 'late' meant?").hasLineCount(1);
  }

  private static String[] in(String task) {
    return new String[] {"examples", "import", "--task", task, "-", "--json"};
  }

  private void apply(String definition) {
    try {
      Path file = Files.writeString(directory.resolve("applied.yaml"), definition);
      assertThat(run("", "task", "apply", file.toString()).status()).isZero();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aDeadLetterIsPutBackOnceAndAnotherDropped() {
    // Given two of one reason and one of another
    letter("d1", "UNKNOWN_TASK", new byte[] {0, 0, 0, 0, 99, 1});
    letter("d2", "UNKNOWN_TASK", new byte[] {7});
    letter("d3", "TOO_LARGE", null);
    Ran all = run("", "dead-letters", "list", "--json");
    List<String> ids =
        all.json().stream()
            .filter(line -> line.path("key").asText().startsWith("d"))
            .map(line -> line.path("id").asText())
            .toList();
    assertThat(ids).hasSize(3);

    // When
    Ran vague = run("", "dead-letters", "replay");
    Ran drop = run("", "dead-letters", "drop", ids.get(1));
    Ran first = run("", "dead-letters", "replay", "--reason", "unknown_task", "--since", "1h");
    Ran again = run("", "dead-letters", "replay", ids.get(0), ids.get(2));
    Ran left = run("", "dead-letters", "list", "--json");
    Ran strange = run("", "dead-letters", "show", "999999");

    // Then
    assertThat(vague.status()).isEqualTo(2);
    assertThat(vague.err()).contains("--every");
    assertThat(drop.err()).contains("dropped 1 ");
    assertThat(first.err()).contains("put back 1 ");
    assertThat(again.err()).contains("put back 0 ", "replayed", "too many to be kept");
    assertThat(left.json())
        .extracting(line -> line.path("id").asText())
        .contains(ids.get(2))
        .doesNotContain(ids.get(0), ids.get(1));
    assertThat(strange.status()).isEqualTo(1);
    List<String> back = new ArrayList<>();
    try (Cluster cluster = cluster();
        TopicReader reader = new TopicReader(cluster, cluster.topics().labeling())) {
      reader.readToEnd(
          record -> {
            if (record.headers().lastHeader(DeadLetter.REPLAYED) != null) {
              back.add(TopicReader.key(record));
              assertThat(record.headers().toArray())
                  .extracting(org.apache.kafka.common.header.Header::key)
                  .containsExactlyInAnyOrder("trace", DeadLetter.REPLAYED);
              assertThat(record.value()).hasSize(6);
            }
            return true;
          });
    }
    assertThat(back).containsExactly("d1");
  }

  private static void letter(String key, String reason, byte[] value) {
    try (Cluster cluster = cluster();
        var producer = cluster.producer()) {
      var record =
          new org.apache.kafka.clients.producer.ProducerRecord<>(
              cluster.topics().deadLetters().name(), key, value);
      record.headers().add("trace", "abc".getBytes(StandardCharsets.UTF_8));
      java.util.Map.of(
              "fewshot.reason", reason,
              "fewshot.stage", "decode",
              "__streams.errors.topic", cluster.topics().labeling().name(),
              "__streams.errors.partition", "0",
              "__streams.errors.offset", "5")
          .forEach(
              (name, text) -> record.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
      producer.send(record);
      producer.flush();
    }
  }

  @Test
  void aTaskIsRemovedOnlyIfItIsThere() throws IOException {
    Path file = directory.resolve("gone.yaml");
    Files.writeString(file, "task: gone\ninstruction: Name it.\n");
    run("", "task", "apply", file.toString());

    Ran kept = run("", "task", "apply", "--new-only", file.toString());
    Ran removed = run("", "task", "remove", "gone", "--json");
    Ran again = run("", "task", "remove", "gone");

    assertThat(kept.err()).contains("left gone as it is");
    assertThat(removed.json().get(0).path("task").asText()).isEqualTo("gone");
    assertThat(again.status()).isEqualTo(1);
    assertThat(run("", "task", "list").out()).doesNotContain("gone");
  }

  @Test
  void correctionsAndForgettingAreSent() {
    // When
    Ran correct =
        run(
            "",
            "correct",
            "--query-id",
            "c1",
            "--output",
            "x",
            "--labeler",
            "ann",
            "--json",
            "--no-wait");
    Ran own =
        run(
            "",
            ("correct --query-id c2 --output x --labeler ann --task t --text hi --no-wait")
                .split(" "));
    Ran forget = run("", "forget", "--query-id", "c1", "--json", "--no-wait");

    // Then
    assertThat(List.of(correct.status(), own.status(), forget.status())).containsOnly(0);
    assertThat(correct.json().get(0).path("output").asText()).isEqualTo("x");
    assertThat(correct.json().get(0).path("task").isNull()).isTrue();
    assertThat(forget.json().get(0).path("query_id").asText()).isEqualTo("c1");
    List<String> sent = new ArrayList<>();
    try (Cluster cluster = cluster();
        TopicReader reader = new TopicReader(cluster, cluster.topics().corrections())) {
      reader.readToEnd(
          record -> {
            String key = TopicReader.key(record);
            sent.add(key + (record.value() == null ? " forgotten" : " corrected"));
            return true;
          });
    }
    assertThat(sent).containsExactlyInAnyOrder("c1 corrected", "c2 corrected", "c1 forgotten");
  }

  @Test
  void theDataSetIsExportedAsItIsNow() throws IOException {
    // Given a record that was replaced, one of another task, and one that was removed
    try (KafkaProducer<String, byte[]> producer =
            new KafkaProducer<>(
                Map.of("bootstrap.servers", embedded.bootstrapServers()),
                new StringSerializer(),
                new ByteArraySerializer());
        Codecs codecs = Codecs.of(embedded.properties())) {
      String topic = Topics.standard().sftDataset().name();
      for (String what : List.of("one/a old", "one/a new", "two/b other", "one/c gone")) {
        String[] keyAndOutput = what.split(" ");
        TrainingExample record =
            TrainingExample.newBuilder()
                .setInput("你好 \"there\"")
                .setOutput(keyAndOutput[1])
                .setTask(keyAndOutput[0].substring(0, 3))
                .setExampleId(keyAndOutput[0].substring(4))
                .setLabeler("ann")
                .setSplit(Split.HOLDOUT)
                .setCreatedAt(Instant.ofEpochMilli(5))
                .build();
        producer.send(
            new ProducerRecord<>(
                topic, keyAndOutput[0], codecs.codec(TrainingExample.class).encode(topic, record)));
      }
      producer.send(new ProducerRecord<>(topic, "one/c", null));
    }
    Path file = directory.resolve("one.jsonl");

    // When
    Ran export = run("", "dataset", "export", "--task", "one", file.toString(), "--json");
    Ran all = run("", "dataset", "export", "-");

    // Then
    assertThat(export.status()).isZero();
    assertThat(export.json().get(0).path("count").asInt()).isEqualTo(1);
    assertThat(Files.readString(file))
        .isEqualTo(
            "{\"input\":\"你好 \\\"there\\\"\",\"output\":\"new\",\"task\":\"one\","
                + "\"example_id\":\"a\",\"labeler\":\"ann\",\"split\":\"HOLDOUT\","
                + "\"created_at\":5,"
                + "\"prompt\":[{\"role\":\"user\",\"content\":\"你好 \\\"there\\\"\"}],"
                + "\"completion\":[{\"role\":\"assistant\",\"content\":\"new\"}]}\n");
    assertThat(all.json()).hasSize(2);
    assertThat(Files.list(directory)).containsExactly(file);

    // When, Then: all of it is held out
    Ran train =
        run("", "dataset", "export", "--split", "train", "--llama-factory", file.toString());
    assertThat(train.status()).as(train.err()).isZero();
    assertThat(file).isEmptyFile();
    assertThat(directory.resolve("dataset_info.json")).content().contains("\"one\"");
  }

  private static List<JsonNode> list() {
    return run("", "examples", "list", "--task", "greet", "--json").json();
  }

  private static Result result(String id, String task) {
    return Result.newBuilder()
        .setQueryId(id)
        .setTask(task)
        .setStatus(Status.NEEDS_REVIEW)
        .setOutput("refund")
        .setConfidence(0.75)
        .setCandidates(List.of(new Candidate("refund", 0.75)))
        .setRung("few-shot")
        .setExampleIds(List.of("e1"))
        .setModelVersion("m")
        .setPromptTokens(1)
        .setTruncated(false)
        .setLatencyMs(5)
        .setCreatedAt(Instant.now())
        .build();
  }

  private static Cluster cluster() {
    return new Cluster(io.fewshot.ops.Settings.load(embedded.properties(), null, Map.of()));
  }

  /** What a command did. */
  private record Ran(int status, String out, String err) {

    List<JsonNode> json() {
      List<JsonNode> lines = new ArrayList<>();
      for (String line : out.lines().toList()) {
        try {
          lines.add(JSON.readTree(line));
        } catch (IOException e) {
          throw new AssertionError("no JSON: " + line, e);
        }
      }
      return lines;
    }
  }

  private static Ran run(String input, String... arguments) {
    RecordingConsole console = new RecordingConsole(input);
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--bootstrap-servers=" + embedded.bootstrapServers());
    all.add("--schema-registry-url=" + embedded.registryUrl());
    int status = Main.run(console.console(), all.toArray(String[]::new));
    return new Ran(status, console.out(), console.err());
  }
}
