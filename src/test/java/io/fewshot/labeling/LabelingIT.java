package io.fewshot.labeling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.fewshot.event.Correction;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.Topics;
import io.fewshot.ops.Health;
import io.fewshot.ops.Metrics;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.openqa.selenium.By;
import org.openqa.selenium.JavascriptExecutor;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;

/** The page in a real browser, on a real broker and registry. Skipped where no Chromium is. */
class LabelingIT {

  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
  private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
  private static final Path SCREENSHOTS = Path.of("target", "screenshots");
  private static final Duration PATIENCE = LabelingWorld.PATIENCE;

  private static LabelingWorld world;
  private static ChromeDriver browser;
  private static Path profile;

  /** What nobody would answer alike. */
  private static final List<String> DIFFERENT =
      List.of(
          "还没收到退款",
          "Can I change my delivery address?",
          "这件衣服有大号吗？",
          "The voucher does not work",
          "请给我开发票",
          "I cannot log in any more",
          "杯子碎了",
          "I want to talk to a person",
          "请取消我的订单",
          "You sent me the wrong shoes");

  /** Each test has topics of its own. */
  private LabelingWorld.Records records;

  private Metrics metrics;
  private LabelingService page;

  @BeforeAll
  static void startAll() throws IOException {
    assumeThat(CHROMIUM).as("needs Debian's chromium").isExecutable();
    assumeThat(DRIVER).as("needs Debian's chromium-driver").isExecutable();
    world = LabelingWorld.start();
    profile = Files.createTempDirectory("fewshot-chromium");
    ChromeOptions options = new ChromeOptions();
    options.setBinary(CHROMIUM.toFile());
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--lang=en-US",
        "--user-data-dir=" + profile);
    options.setExperimentalOption("prefs", Map.of("intl.accept_languages", "en-US"));
    browser =
        new ChromeDriver(
            new ChromeDriverService.Builder()
                .usingDriverExecutable(DRIVER.toFile())
                .usingAnyFreePort()
                .build(),
            options);
    Files.createDirectories(SCREENSHOTS);
  }

  @AfterAll
  static void stopAll() throws IOException {
    if (browser != null) {
      browser.quit();
      try (Stream<Path> files = Files.walk(profile)) {
        files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(java.io.File::delete);
      }
    }
    if (world != null) {
      world.close();
    }
  }

  @BeforeEach
  void startPage(TestInfo test) {
    records = world.records(test.getTestMethod().orElseThrow().getName());
    metrics = new Metrics();
    serve(1);
  }

  private void serve(int agreement) {
    Health health = new Health();
    page =
        world.serve(
            records, health, metrics, new WebSettings("127.0.0.1", 0, Users.none(), agreement));
    Awaitility.await().atMost(PATIENCE).until(health::ready);
  }

  @AfterEach
  void stopPage() {
    if (page != null) {
      page.close();
      metrics.close();
    }
  }

  @Test
  void peopleLabelByKeysAlone() {
    // Given a task, examples and three messages
    records.task("intents", "");
    records.example("e1", "Where is my parcel?", "order_status");
    records.example("e2", "Money back please", "refund");
    records.ask(
        "q1", "Still no parcel after two weeks, where is it?", 0.31, "order_status", "refund");
    records.ask("q2", "Do you sell gift cards?", 0.42, "product_question", "refund");
    records.ask("q3", "The lamp arrived in pieces", 0.55, "damaged_item", "refund");
    open(1200, 850);
    awaitText("Still no parcel after two weeks");
    screenshot("queue");

    // When the first answer is chosen by its key
    press("1");

    // Then the correction is in the topic, and the next message comes
    awaitText("Do you sell gift cards?");
    Correction first = records.corrections(1).get(0).value();
    assertThat(first.getQueryId()).isEqualTo("q1");
    assertThat(first.getOutput()).isEqualTo("order_status");
    assertThat(first.getText()).startsWith("Still no parcel");
    assertThat(first.getLabeler()).isEqualTo("me");

    // When it is undone
    press("u");

    // Then it is taken back, and the message waits again
    awaitText("Still no parcel after two weeks");
    ConsumerRecord<String, Correction> undo = records.corrections(2).get(1);
    assertThat(undo.key()).isEqualTo("q1");
    assertThat(undo.value()).isNull();

    // When another label is searched, and the next message gets a new one
    press("/");
    WebElement search = await(By.id("search"));
    search.sendKeys("refu");
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> browser.findElements(By.cssSelector("#found button")).size() == 1);
    screenshot("search");
    search.sendKeys(Keys.ENTER);
    awaitText("Do you sell gift cards?");
    press("n");
    await(By.id("written")).sendKeys("gift_card", Keys.ENTER);
    awaitText("The lamp arrived in pieces");
    press("s");

    // Then
    assertThat(records.corrections(4))
        .extracting(ConsumerRecord::value)
        .filteredOn(java.util.Objects::nonNull)
        .extracting(Correction::getOutput)
        .containsExactly("order_status", "refund", "gift_card");
    press("?");
    await(By.cssSelector("dialog[open] .keys"));
    screenshot("help");
    await(By.cssSelector("dialog[open]")).sendKeys(Keys.ESCAPE);
    Awaitility.await().until(() -> browser.findElements(By.cssSelector("dialog[open]")).isEmpty());
  }

  @Test
  void textIsTextWhateverItSays() {
    // Given
    String attack = "<img src=x onerror=\"document.title='owned'\"><script>alert(1)</script>";
    records.task("intents", "");
    records.example("e1", attack, "<b>bold</b>");
    records.ask("q1", attack, 0.3, "<b>bold</b>", "</script><svg onload=alert(2)>");

    // When
    open(1200, 850);
    awaitText("<img src=x onerror=");

    // Then it is there letter by letter, and nothing of it ran
    assertThat(browser.findElement(By.id("message")).getText()).isEqualTo(attack);
    assertThat(browser.findElement(By.cssSelector("[data-output] .choice-name")).getText())
        .isEqualTo("<b>bold</b>");
    assertThat(browser.findElements(By.cssSelector("main img, main b, main script"))).isEmpty();
    assertThat(browser.getTitle()).doesNotContain("owned");
    press("1");
    press("g", "l");
    await(By.cssSelector("[data-query=q1]"));
    assertThat(browser.findElements(By.cssSelector("main img, main b, main script"))).isEmpty();
  }

  @Test
  void aPhoneShowsEverythingWithoutScrollingSideways() throws IOException {
    // Given long words and Chinese
    records.task(
        "intents",
        "labels:\n  refund: " + "Money back. ".repeat(9) + "\n  other: Anything else.\n");
    records.ask(
        "q1", "Pneumonoultramicroscopicsilicovolcanoconiosis".repeat(3), 0.3, "refund", "other");
    for (int i = 0; i < 30; i++) {
      records.result("r" + i, i % 5 == 0 ? "other" : "refund", 0.5 + i / 60.0, i % 3 != 0);
      if (i % 3 == 0) {
        records.ask("r" + i, DIFFERENT.get(i / 3), 0.5 + i / 60.0, "refund", "other");
      }
    }

    // When
    open(360, 740);
    awaitText("Pneumono");

    // Then
    assertNoSidewaysScroll();
    screenshot("phone-queue");
    press("1");
    awaitText(DIFFERENT.get(0));
    for (int i = 0; i < 6; i++) {
      press(i == 2 ? "2" : "1");
      awaitText(DIFFERENT.get(i + 1));
    }
    for (String view : List.of("t", "p", "l")) {
      press("g", view);
      await(
          By.cssSelector(
              view.equals("t") ? "#try-text" : view.equals("p") ? ".tiles" : ".labeled"));
      assertNoSidewaysScroll();
      screenshot("phone-" + view);
      ((JavascriptExecutor) browser).executeScript("document.activeElement.blur()");
    }
    browser.findElement(By.id("language")).click();
    Awaitility.await().until(() -> browser.getPageSource().contains("已标注的消息"));
    assertNoSidewaysScroll();
    screenshot("phone-chinese");
    browser.findElement(By.id("language")).click();
    press("g", "p");
    await(By.cssSelector(".tiles"));
    resize(1200, 1300);
    screenshot("panel");
    browser.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", "dark"))));
    screenshot("panel-dark");
    press("g", "q");
    awaitText(DIFFERENT.get(6));
    screenshot("queue-dark");
    browser.executeCdpCommand("Emulation.setEmulatedMedia", Map.of("features", List.of()));
  }

  @Test
  void similarMessagesAreAnsweredTogetherAndContradictionsAreShown() {
    // Given
    records.task("intents", "");
    records.example("e1", "My card was declined", "payment_failed");
    records.ask("q1", "my card was declined!", 0.1, "refund", "payment_failed");
    records.ask("q2", "My card was declined again", 0.2, "payment_failed", "refund");
    records.ask("q3", "What colours does the sofa come in?", 0.3, "product_question");
    open(1200, 850);
    awaitText("my card was declined!");
    Awaitility.await()
        .atMost(Duration.ofSeconds(40))
        .until(() -> browser.findElements(By.cssSelector("#alike input:checked")).size() == 1);

    // When the answer contradicts the example
    press("1");

    // Then it is shown, and nothing is written yet
    await(By.id("sure"));
    screenshot("contradiction");
    assertThat(browser.findElement(By.id("dialog")).getText()).contains("payment_failed");
    await(By.cssSelector("dialog .primary")).click();

    // When the other one is chosen
    press("2");

    // Then both messages have it
    awaitText("What colours does the sofa come in?");
    assertThat(records.corrections(2))
        .extracting(record -> record.value().getQueryId() + " " + record.value().getOutput())
        .containsExactlyInAnyOrder("q1 payment_failed", "q2 payment_failed");

    // When the page starts anew
    page.close();
    serve(1);
    open(1200, 850);

    // Then they are still answered
    awaitText("What colours does the sofa come in?");
    assertThat(browser.findElement(By.id("count")).getText()).isEqualTo("1 waiting");
  }

  @Test
  void aTriedMessageShowsWhatTheStreamMadeOfIt() throws Exception {
    // Given a stream that answers
    records.task("intents", "");
    records.example("e1", "Where is my parcel?", "order_status");
    open(1200, 850);
    press("g", "t");
    await(By.id("try-text")).sendKeys("Where is it?", Keys.ENTER);
    Query query = records.read(records.topics().queries(), Query.class, 1).get(0).value();
    assertThat(query.getAttributes()).containsEntry("fewshot.dry_run", "true");
    ProducerRecord<String, byte[]> answer =
        records.record(
            records.topics().results(),
            Result.class,
            "k",
            LabelingWorld.Records.answer(query.getQueryId(), "order_status", 0.93, true));
    answer.headers().add(Topics.DRY_RUN, "true".getBytes(StandardCharsets.UTF_8));
    String prompt = "Name the intent.\nMessage: <b>Where is it?</b>\nIntent:";
    answer.headers().add(Topics.PROMPT_HEADER, prompt.getBytes(StandardCharsets.UTF_8));

    // When
    records.send(answer);

    // Then
    awaitText("order_status");
    awaitText("Where is my parcel?");
    awaitText("few-shot");
    browser.findElement(By.tagName("summary")).sendKeys(Keys.ENTER);
    assertThat(browser.findElement(By.cssSelector("pre.prompt")).getText()).isEqualTo(prompt);
    screenshot("try");
    HttpResponse<String> ready =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(url() + "/readyz")).build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(ready.statusCode()).isEqualTo(200);
  }

  // The browser.

  private String url() {
    return "http://127.0.0.1:" + page.port();
  }

  private void open(int width, int height) {
    resize(width, height);
    browser.get("about:blank");
    browser.get(url() + "/");
    await(By.cssSelector("main > *"));
  }

  private static void resize(int width, int height) {
    browser.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 500));
  }

  private static void press(String... keys) {
    for (String key : keys) {
      // To whatever has the focus, which is replaced now and then.
      new Actions(browser).sendKeys(key).perform();
    }
  }

  private static WebElement await(By what) {
    return Awaitility.await()
        .atMost(PATIENCE)
        .ignoreException(StaleElementReferenceException.class)
        .until(
            () -> browser.findElements(what).stream().findFirst().orElse(null),
            java.util.Objects::nonNull);
  }

  private static void awaitText(String text) {
    Awaitility.await()
        .atMost(PATIENCE)
        .ignoreException(StaleElementReferenceException.class)
        .untilAsserted(
            () -> assertThat(browser.findElement(By.id("main")).getText()).contains(text));
  }

  private static void assertNoSidewaysScroll() {
    Object wide =
        browser.executeScript(
            "return [document.documentElement.scrollWidth, innerWidth].join(' of ')");
    Object fits =
        browser.executeScript("return document.documentElement.scrollWidth <= innerWidth");
    assertThat(fits).as("scrolls sideways: " + wide).isEqualTo(true);
  }

  private static void screenshot(String name) {
    try {
      Files.write(SCREENSHOTS.resolve(name + ".png"), browser.getScreenshotAs(OutputType.BYTES));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
