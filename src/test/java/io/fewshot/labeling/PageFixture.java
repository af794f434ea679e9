package io.fewshot.labeling;

import io.fewshot.ops.Health;
import io.fewshot.ops.Metrics;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;

/** The page in a real browser, on a real broker and registry. Skipped where no Chromium is. */
abstract class PageFixture {

  static LabelingWorld world;
  static PageBrowser browser;

  /** Each test has topics of its own. */
  LabelingWorld.Records records;

  LabelingService page;
  private Metrics metrics;
  private FakeLearning learning;

  @BeforeAll
  static void startAll() {
    browser = PageBrowser.start();
    world = LabelingWorld.start();
  }

  @AfterAll
  static void stopAll() {
    if (browser != null) {
      browser.close();
    }
    if (world != null) {
      world.close();
    }
  }

  @BeforeEach
  void startPage(TestInfo test) {
    records = world.records(test.getTestMethod().orElseThrow().getName());
    metrics = new Metrics();
    learning = records.learn();
    serve(1);
  }

  /** Starts the page; so many labelers must agree. */
  final void serve(int agreement) {
    serve(agreement, 0);
  }

  final void serve(int agreement, int port) {
    Health health = new Health();
    page =
        world.serve(
            records, health, metrics, new WebSettings("127.0.0.1", port, Users.none(), agreement));
    Awaitility.await().atMost(LabelingWorld.PATIENCE).until(health::ready);
  }

  @AfterEach
  void stopPage() {
    if (page != null) {
      page.close();
      learning.close();
      metrics.close();
    }
  }

  final String url() {
    return "http://127.0.0.1:" + page.port();
  }

  final void open(int width, int height) {
    browser.open(url() + "/", width, height);
  }
}
