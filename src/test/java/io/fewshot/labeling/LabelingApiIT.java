package io.fewshot.labeling;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fewshot.event.Candidate;
import io.fewshot.event.Example;
import io.fewshot.event.LabelingRequest;
import io.fewshot.ops.Health;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.MetricsTable;
import java.io.IOException;
import java.net.CookieManager;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** Several people at one page, through its API, on a real broker and registry. */
class LabelingApiIT {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PASSWORD = "correct horse";
  private static LabelingWorld world;

  private LabelingWorld.Records records;
  private Metrics metrics;
  private LabelingService page;

  @BeforeAll
  static void startAll() {
    world = LabelingWorld.start();
  }

  @AfterAll
  static void stopAll() {
    world.close();
  }

  @BeforeEach
  void startRecords(TestInfo test) {
    records = world.records(test.getTestMethod().orElseThrow().getName());
    metrics = new Metrics();
  }

  @AfterEach
  void stopPage() {
    page.close();
    metrics.close();
  }

  private void serve(int agreement) {
    String lines =
        Users.line("ann", Role.LABELER, PASSWORD.toCharArray())
            + "\n"
            + Users.line("bob", Role.LABELER, PASSWORD.toCharArray())
            + "\n"
            + Users.line("olga", Role.OWNER, PASSWORD.toCharArray());
    Health health = new Health();
    page =
        world.serve(
            records,
            health,
            metrics,
            new WebSettings("127.0.0.1", 0, Users.parse(lines), agreement));
    Awaitility.await().atMost(LabelingWorld.PATIENCE).until(health::ready);
  }

  @Test
  void rolesDecideWhoMayDoWhatAndNobodyGetsAnothersMessage() throws Exception {
    // Given
    records.task("intents", "");
    records.example("e1", "I want my money", "refunds");
    records.example("e2", "Money back", "refund");
    records.ask("q1", "Give me my money", 0.1, "refund");
    records.ask("q2", "Where is my parcel?", 0.2, "order_status");
    serve(1);
    Person ann = new Person();
    assertThat(ann.get("tasks").status()).as("not logged in").isEqualTo(401);
    assertThat(ann.login("ann", "guess").status()).isEqualTo(401);
    ann.login("ann", PASSWORD);
    Person bob = new Person();
    bob.login("bob", PASSWORD);
    Person olga = new Person();
    olga.login("olga", PASSWORD);
    Awaitility.await().until(() -> olga.get("tasks").json().at("/tasks/0/waiting").asInt() == 2);

    // Then each has a message of their own
    assertThat(ann.next()).isEqualTo("q1");
    assertThat(bob.next()).isEqualTo("q2");
    assertThat(olga.next()).isEmpty();

    // When ann answers, then only she or an owner takes it back
    assertThat(ann.answer("q1", "refund").json().path("taken").asBoolean()).isTrue();
    assertThat(bob.answer("q1", "refund").status()).as("answered already").isEqualTo(409);
    assertThat(bob.post("undo", Map.of("query_id", "q1")).status()).isEqualTo(403);
    assertThat(olga.post("undo", Map.of("query_id", "q1")).status()).isEqualTo(200);
    assertThat(olga.next()).isEqualTo("q1");

    // And only an owner merges labels
    Map<String, Object> merge = Map.of("task", "intents", "from", "refunds", "to", "refund");
    assertThat(ann.post("labels/rename", merge).status()).isEqualTo(403);
    olga.answer("q1", "refund");
    bob.answer("q2", "order_status");
    records.ask("q3", "I want my mony back", 0.3, "refunds", "cancel", "refund");
    Awaitility.await().until(() -> olga.get("tasks").json().at("/tasks/0/waiting").asInt() == 1);
    JsonNode merged = olga.post("labels/rename", merge).json();
    assertThat(merged.path("changed").asInt()).isEqualTo(1);
    assertThat(merged.path("waiting").asInt()).isEqualTo(1);

    // And what waits offers the new label alone, for other pages too
    assertThat(ann.next()).isEqualTo("q3");
    assertThat(ann.get("queue/next?task=intents").json().at("/message/choices"))
        .extracting(choice -> choice.path("output").asText())
        .startsWith("refund", "cancel")
        .doesNotContain("refunds");
    assertThat(records.read(records.topics().labeling(), LabelingRequest.class, 4))
        .last()
        .satisfies(
            record ->
                assertThat(record.value().getCandidates())
                    .extracting(Candidate::getOutput)
                    .containsExactly("refund", "cancel"));

    // And the table of metrics describes what the page serves
    new MetricsTable().assertDescribes(metrics.scrape(), "web");
    assertThat(records.read(records.topics().examples(), Example.class, 3))
        .last()
        .satisfies(
            record -> {
              assertThat(record.key()).isEqualTo("intents/e1");
              assertThat(record.value().getOutput()).isEqualTo("refund");
              assertThat(record.value().getInput()).isEqualTo("I want my money");
            });
  }

  @Test
  void theMajorityCountsAndADisputeIsSettledByAnOwner() throws Exception {
    // Given two messages that two labelers must answer
    records.task("intents", "");
    records.ask("q1", "Give me my money", 0.1, "refund", "cancel");
    serve(2);
    Person ann = new Person();
    ann.login("ann", PASSWORD);
    Person bob = new Person();
    bob.login("bob", PASSWORD);
    Person olga = new Person();
    olga.login("olga", PASSWORD);
    Awaitility.await().until(() -> ann.next().equals("q1"));

    // When they disagree
    ann.answer("q1", "refund");
    assertThat(ann.next()).as("ann has answered").isEmpty();
    assertThat(bob.next()).isEqualTo("q1");
    bob.answer("q1", "cancel");

    // Then it is shown, and an owner settles it
    assertThat(olga.labeled().path("state").asText()).isEqualTo("DISPUTED");
    Map<String, Object> settle = Map.of("query_id", "q1", "output", "refund");
    assertThat(bob.post("settle", settle).status()).isEqualTo(403);
    assertThat(olga.post("settle", settle).status()).isEqualTo(200);
    assertThat(olga.labeled().path("state").asText()).isEqualTo("AGREED");

    // And when two agree on the next, one of them after another start of the page
    records.ask("q2", "Where is my parcel?", 0.2, "order_status");
    Awaitility.await().until(() -> ann.next().equals("q2"));
    ann.answer("q2", "order_status");
    page.close();
    serve(2);
    bob.login("bob", PASSWORD);
    Awaitility.await().until(() -> bob.next().equals("q2"));
    assertThat(bob.answer("q2", "order_status").json().path("taken").asBoolean()).isTrue();

    // Then only what was settled and agreed on teaches
    assertThat(records.corrections(2))
        .extracting(record -> record.value().getLabeler() + " " + record.value().getOutput())
        .containsExactly("olga refund", "bob order_status");
    assertThat(records.corrections(2).get(1).value().getText()).isEqualTo("Where is my parcel?");

    // When it is undone, then it waits for both again
    olga.login("olga", PASSWORD);
    assertThat(olga.post("undo", Map.of("query_id", "q2")).status()).isEqualTo(200);
    assertThat(records.corrections(3).get(2).value()).isNull();
    assertThat(olga.next()).isEqualTo("q2");
    assertThat(bob.next()).as("another may look too").isEqualTo("q2");
  }

  @Test
  void votesThatAgreeWithoutACorrectionAreMadeGood() throws Exception {
    // Given a page that ended between the last vote and the correction
    records.task("intents", "");
    records.ask("q1", "Give me my money", 0.1, "refund", "cancel");
    records.vote("q1", "ann", "refund");
    records.vote("q1", "bob", "refund");
    serve(2);
    Person olga = new Person();
    olga.login("olga", PASSWORD);

    // When somebody asks for work
    Awaitility.await().until(() -> olga.next().isEmpty());

    // Then it is published
    assertThat(records.corrections(1).get(0).value())
        .satisfies(
            correction -> {
              assertThat(correction.getOutput()).isEqualTo("refund");
              assertThat(correction.getLabeler()).isEqualTo("bob");
              assertThat(correction.getText()).isEqualTo("Give me my money");
            });
  }

  private record Reply(int status, JsonNode json) {}

  /** Somebody with a browser. */
  private final class Person {

    private final HttpClient client =
        HttpClient.newBuilder().cookieHandler(new CookieManager()).build();
    private String csrf = "";

    Reply login(String name, String password) throws IOException, InterruptedException {
      csrf = get("session").json().path("csrf").asText();
      Reply reply = post("login", Map.of("name", name, "password", password));
      csrf = reply.json().path("csrf").asText(csrf);
      return reply;
    }

    String next() throws IOException, InterruptedException {
      return get("queue/next?task=intents").json().at("/message/query_id").asText();
    }

    JsonNode labeled() throws IOException, InterruptedException {
      return get("labeled?task=intents").json().at("/labeled/0");
    }

    Reply answer(String id, String output) throws IOException, InterruptedException {
      return post("queue/answer", Map.of("task", "intents", "query_id", id, "output", output));
    }

    Reply get(String path) throws IOException, InterruptedException {
      return send(HttpRequest.newBuilder(uri(path)));
    }

    Reply post(String path, Map<String, Object> body) throws IOException, InterruptedException {
      return send(
          HttpRequest.newBuilder(uri(path))
              .header("Content-Type", "application/json")
              .header("X-CSRF-Token", csrf)
              .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body))));
    }

    private Reply send(HttpRequest.Builder request) throws IOException, InterruptedException {
      HttpResponse<String> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Reply(response.statusCode(), JSON.readTree(response.body()));
    }

    private URI uri(String path) {
      return URI.create("http://127.0.0.1:" + page.port() + "/api/" + path);
    }
  }
}
