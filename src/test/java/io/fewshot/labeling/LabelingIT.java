package io.fewshot.labeling;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Correction;
import io.fewshot.event.Query;
import io.fewshot.event.Reason;
import io.fewshot.event.Result;
import io.fewshot.event.Topics;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** What people do on the page, and what comes of it in the topics. */
@EnabledIf(
    value = "io.fewshot.labeling.PageBrowser#isThere",
    disabledReason = "needs Debian's chromium and chromium-driver")
class LabelingIT extends PageFixture {

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
    browser.awaitText("Still no parcel after two weeks");
    browser.screenshot("queue");

    // When the first answer is chosen by its key
    browser.press("1");

    // Then the correction is in the topic, and the next message comes
    browser.awaitText("Do you sell gift cards?");
    Correction first = records.corrections(1).get(0).value();
    assertThat(first.getQueryId()).isEqualTo("q1");
    assertThat(first.getOutput()).isEqualTo("order_status");
    assertThat(first.getText()).startsWith("Still no parcel");
    assertThat(first.getLabeler()).isEqualTo("me");

    // When it is undone
    browser.press("u");

    // Then it is taken back, and the message waits again
    browser.awaitText("Still no parcel after two weeks");
    ConsumerRecord<String, Correction> undo = records.corrections(2).get(1);
    assertThat(undo.key()).isEqualTo("q1");
    assertThat(undo.value()).isNull();

    // When another label is searched, and the next message gets a new one
    browser.press("/");
    WebElement search = browser.await(By.id("search"));
    search.sendKeys("refu");
    Awaitility.await()
        .atMost(LabelingWorld.PATIENCE)
        .until(() -> browser.driver().findElements(By.cssSelector("#found button")).size() == 1);
    browser.screenshot("search");
    search.sendKeys(Keys.ENTER);
    browser.awaitText("Do you sell gift cards?");
    browser.press("n");
    browser.await(By.id("written")).sendKeys("gift_card", Keys.ENTER);
    browser.awaitText("The lamp arrived in pieces");
    browser.press("s");

    // Then
    assertThat(records.corrections(4))
        .extracting(ConsumerRecord::value)
        .filteredOn(java.util.Objects::nonNull)
        .extracting(Correction::getOutput)
        .containsExactly("order_status", "refund", "gift_card");
    browser.press("?");
    browser.await(By.cssSelector("dialog[open] .keys"));
    browser.screenshot("help");
    browser.await(By.cssSelector("dialog[open]")).sendKeys(Keys.ESCAPE);
    Awaitility.await()
        .until(() -> browser.driver().findElements(By.cssSelector("dialog[open]")).isEmpty());
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
    browser.awaitText("<img src=x onerror=");

    // Then it is there letter by letter, and nothing of it ran
    assertThat(browser.driver().findElement(By.id("message")).getText()).isEqualTo(attack);
    assertThat(browser.driver().findElement(By.cssSelector("[data-output] .choice-name")).getText())
        .isEqualTo("<b>bold</b>");
    assertThat(browser.driver().findElements(By.cssSelector("main img, main b, main script")))
        .isEmpty();
    assertThat(browser.driver().getTitle()).doesNotContain("owned");
    browser.press("1");
    browser.press("g", "l");
    browser.await(By.cssSelector("[data-query=q1]"));
    assertThat(browser.driver().findElements(By.cssSelector("main img, main b, main script")))
        .isEmpty();
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
    browser.awaitText("my card was declined!");
    browser.await(By.cssSelector("#alike input"));
    assertThat(browser.driver().findElements(By.cssSelector("#alike input:checked")))
        .as("nobody has looked at it")
        .isEmpty();
    browser.press("a");
    browser.awaitText("for 2 messages");
    browser.screenshot("group");

    // When the answer contradicts the example
    browser.press("1");

    // Then it is shown, and nothing is written yet
    browser.await(By.id("sure"));
    browser.screenshot("contradiction");
    assertThat(browser.driver().findElement(By.cssSelector("dialog[open]")).getText())
        .contains("payment_failed");
    browser.await(By.cssSelector("dialog .primary")).click();

    // When the other one is chosen
    browser.press("2");

    // Then both messages have it
    browser.awaitText("What colours does the sofa come in?");
    assertThat(records.corrections(2))
        .extracting(record -> record.value().getQueryId() + " " + record.value().getOutput())
        .containsExactlyInAnyOrder("q1 payment_failed", "q2 payment_failed");

    // When the page starts anew
    page.close();
    serve(1);
    open(1200, 850);

    // Then they are still answered
    browser.awaitText("What colours does the sofa come in?");
    assertThat(browser.driver().findElement(By.id("count")).getText()).isEqualTo("1 waiting");
  }

  @Test
  void anAnswerThatContradictsASimilarMessagesExamplesIsAskedAboutThatMessage() {
    // Given
    records.task("intents", "");
    records.example("e2", "My card was declined today again", "payment_failed");
    records.ask("q1", "Was my card declined?", 0.1, "card_status", "payment_failed");
    records.ask("q2", "My card was declined today, again", 0.2, "payment_failed");
    open(1200, 850);
    browser.awaitText("Was my card declined?");
    browser.await(By.cssSelector("#alike input"));
    browser.press("a");
    browser.awaitText("for 2 messages");

    // When
    browser.press("1");
    browser.await(By.id("sure"));
    browser.await(By.cssSelector("dialog .primary")).click();

    // Then only the one that was looked at has the answer
    browser.awaitText("My card was declined today, again");
    assertThat(records.corrections(1).get(0).value().getQueryId()).isEqualTo("q1");
  }

  @Test
  void anAuditIsNeverAnsweredInAGroup() {
    records.task("intents", "");
    records.ask("q1", "my card was declined!", 0.1, "refund", "payment_failed");
    records.ask("q2", "My card was declined", Reason.AUDIT, 0.99, "payment_failed");
    records.ask("q3", "My card was declined again", 0.2, "payment_failed");
    open(1200, 850);
    browser.awaitText("my card was declined!");

    browser.await(By.cssSelector("#alike input"));

    assertThat(browser.driver().findElements(By.cssSelector("#alike input"))).hasSize(1);
    assertThat(browser.driver().findElement(By.id("alike")).getText()).contains("again");
  }

  @Test
  void whatLearningRefusesIsSaidAndTheMessageStays() {
    records.task("intents", "");
    records.ask("q1", "Where is my parcel?", 0.1, FakeLearning.REFUSED, "order_status");
    open(1200, 850);
    browser.awaitText("Where is my parcel?");

    browser.press("1");

    Awaitility.await()
        .atMost(LabelingWorld.PATIENCE)
        .until(
            () -> browser.driver().findElement(By.id("alert")).getText().contains("no label of"));
    browser.screenshot("refused");
    assertThat(browser.driver().findElement(By.id("message")).getText()).contains("parcel");
    browser.press("g", "l");
    browser.awaitText("Nothing was labeled yet");
    browser.press("g", "q");
    browser.awaitText("Where is my parcel?");
    browser.press("2");
    browser.awaitText("All done");
  }

  @Test
  void aServerThatIsAwayLosesNoAnswerAndAllGoesOnWhenItIsBack() {
    // Given
    records.task("intents", "");
    records.ask("q1", "Where is my parcel?", 0.1, "order_status");
    records.ask("q2", "Money back!", 0.2, "refund");
    open(1200, 850);
    browser.call("Ann");
    browser.awaitText("Where is my parcel?");
    int port = page.port();

    // When it goes away
    page.close();
    browser.press("1");

    // Then that is said and the message stays
    Awaitility.await()
        .atMost(LabelingWorld.PATIENCE)
        .until(
            () ->
                browser.driver().findElement(By.id("alert")).getText().contains("does not answer"));
    assertThat(browser.driver().findElement(By.id("message")).getText()).contains("parcel");

    // When it is back and knows nobody any more
    serve(1, port);
    browser.press("1");

    // Then
    browser.awaitText("Money back!");
    browser.press("1");
    browser.awaitText("All done");
    assertThat(records.corrections(2))
        .extracting(record -> record.value().getQueryId() + " " + record.value().getLabeler())
        .containsExactly("q1 Ann", "q2 Ann");
  }

  @Test
  void undoingAfterSkippingBringsTheSkippedMessageBack() {
    records.task("intents", "");
    records.ask("q1", "Where is my parcel?", 0.1, "order_status");
    records.ask("q2", "Money back!", 0.2, "refund");
    records.ask("q3", "Do you sell gift cards?", 0.3, "product_question");
    open(1200, 850);
    browser.awaitText("Where is my parcel?");
    browser.press("1");
    browser.awaitText("Money back!");
    browser.press("s");
    browser.awaitText("Do you sell gift cards?");

    browser.press("u");

    browser.awaitText("Money back!");
    assertThat(records.corrections(1).get(0).value().getQueryId()).isEqualTo("q1");
  }

  @Test
  void enterThatOnlyEndsAWordIsNoDecision() {
    records.task("intents", "");
    records.ask("q1", "我的包裹在哪里？", 0.1, "refund");
    open(1200, 850);
    browser.awaitText("我的包裹在哪里？");
    browser.press("n");
    browser.await(By.id("written"));

    browser
        .driver()
        .executeScript(
            "const field = document.getElementById('written'); field.value = '订';"
                + " field.dispatchEvent(new KeyboardEvent('keydown',"
                + " {key: 'Enter', isComposing: true, bubbles: true}));");

    assertThat(browser.driver().findElements(By.cssSelector("dialog[open]"))).hasSize(1);
    browser.driver().executeScript("document.getElementById('written').value = '订单状态'");
    browser.await(By.id("written")).sendKeys(Keys.ENTER);
    browser.awaitText("All done");
    assertThat(records.corrections(1).get(0).value().getOutput()).isEqualTo("订单状态");
  }

  @Test
  void anExtractTaskTakesOnlyObjectsWithItsFields() {
    records.task("intents", "kind: extract\n");
    records.example("e1", "Order 7 is late", "{\"order\": \"7\"}");
    records.ask("q1", "Order 8 is late", 0.1, "{\"order\": \"8\"}");
    records.ask("q2", "Order 9 is late", 0.1, "{\"order\": \"9\"}");
    open(1200, 850);
    browser.awaitText("Order 8 is late");
    assertThat(browser.driver().findElements(By.id("alike"))).isEmpty();

    for (String wrong : new String[] {"[1]", "{\"foo\": 1}", "late"}) {
      browser.press("n");
      WebElement field = browser.await(By.id("written"));
      field.clear();
      field.sendKeys(wrong, Keys.chord(Keys.CONTROL, Keys.ENTER));
      Awaitility.await()
          .atMost(LabelingWorld.PATIENCE)
          .until(
              () -> browser.driver().findElement(By.id("alert")).getText().contains("Not saved"));
      browser.leaveField();
    }
    browser.press("1");

    browser.awaitText("Order 9 is late");
    assertThat(records.corrections(1).get(0).value().getOutput()).isEqualTo("{\"order\": \"8\"}");
  }

  @Test
  void anAnswerOfOneOfTwoLabelersTeachesNothingYet() {
    // Given a page on which two must agree
    page.close();
    serve(2);
    records.task("intents", "");
    records.ask("q1", "Where is my parcel?", 0.31, "order_status", "refund");
    open(1200, 850);
    browser.awaitText("Where is my parcel?");
    browser.awaitText("0 of 2 labelers have answered");

    // When one says it
    browser.call("Ann");
    browser.press("1");

    // Then it is not theirs any more, and looked at as open
    browser.awaitText("All done");
    browser.press("g", "l");
    browser.awaitText("more labelers wanted");

    // When the next says the same
    browser.driver().manage().deleteAllCookies();
    open(1200, 850);
    browser.call("Bob");
    browser.press("g", "q");
    browser.awaitText("1 of 2 labelers have answered");
    browser.press("1");

    // Then it teaches, once
    browser.awaitText("All done");
    assertThat(records.corrections(1).get(0).value())
        .satisfies(
            correction -> {
              assertThat(correction.getQueryId()).isEqualTo("q1");
              assertThat(correction.getOutput()).isEqualTo("order_status");
              assertThat(correction.getLabeler()).isEqualTo("Bob");
            });
    browser.press("g", "l");
    browser.await(By.cssSelector("[data-query=q1]"));
    browser.screenshot("agreed");
    assertThat(browser.driver().findElement(By.id("main")).getText())
        .doesNotContain("more labelers wanted");
  }

  @Test
  void aTriedMessageShowsWhatTheStreamMadeOfIt() throws Exception {
    // Given a stream that answers
    records.task("intents", "");
    records.example("e1", "Where is my parcel?", "order_status");
    open(1200, 850);
    browser.press("g", "t");
    browser.await(By.id("try-text")).sendKeys("Where is it?", Keys.ENTER);
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
    browser.awaitText("order_status");
    browser.awaitText("Where is my parcel?");
    browser.awaitText("few-shot");
    browser.driver().findElement(By.tagName("summary")).sendKeys(Keys.ENTER);
    assertThat(browser.driver().findElement(By.cssSelector("pre.prompt")).getText())
        .isEqualTo(prompt);
    browser.screenshot("try");
    HttpResponse<String> ready =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(url() + "/readyz")).build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(ready.statusCode()).isEqualTo(200);
  }
}
