package io.fewshot.labeling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;

/**
 * The page for everybody: what axe-core finds in it (contrast, names, roles, WCAG 2.1 A and AA),
 * and what it cannot see: keys alone, a visible focus, a phone's width.
 */
@EnabledIf(
    value = "io.fewshot.labeling.PageBrowser#isThere",
    disabledReason = "needs Debian's chromium and chromium-driver")
class AccessibilityIT extends PageFixture {

  private static final String VISIBLE =
      """
      return [...document.querySelectorAll(
          'a[href], button:not(:disabled), input, select, textarea, summary, [tabindex="0"]')]
        .filter((each) => each.checkVisibility() && each.tabIndex >= 0)
        .map((each) => %s);
      """;

  /** Names a control by what it is. */
  private static final String NAME =
      "(each.id || each.dataset.output || each.className) + '|' + each.textContent.trim()";

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

  @AfterEach
  void preferLight() {
    browser.prefer("light");
  }

  @Test
  void nothingKeepsPeopleOut() {
    // Given
    records.task("intents", "");
    records.example("e1", "Where is my parcel?", "order_status");
    records.example("e2", "Money back please", "refund");
    for (int i = 0; i < 10; i++) {
      records.result("r" + i, i % 2 == 0 ? "refund" : "order_status", 0.4 + i / 20.0, i > 7);
      records.ask("r" + i, DIFFERENT.get(i), 0.4 + i / 20.0, "refund", "order_status");
    }
    records.ask("s1", "Where is my parcel, please?", 0.1, "order_status", "refund");
    records.ask("s2", "Where is my parcel now, please?", 0.2, "order_status", "refund");
    open(1200, 900);
    browser.awaitText("Where is my parcel, please?");
    browser.await(By.cssSelector("#alike input"));

    // Then in either scheme, with dialogs and without
    for (String scheme : List.of("light", "dark")) {
      browser.prefer(scheme);
      audit(scheme + " queue");
      for (String[] dialog :
          new String[][] {{"?", ".keys"}, {"/", "#found button"}, {"n", "#written"}}) {
        browser.press(dialog[0]);
        browser.await(By.cssSelector("dialog[open] " + dialog[1]));
        audit(scheme + " dialog " + dialog[0]);
        browser.press(Keys.ESCAPE);
        Awaitility.await()
            .until(() -> browser.driver().findElements(By.cssSelector("dialog[open]")).isEmpty());
      }
    }

    // And in every view, after some answers
    browser.press("a");
    browser.awaitText("for 2 messages");
    audit("for two messages");
    browser.press("1");
    browser.awaitText(DIFFERENT.get(0));
    browser.press("2");
    browser.awaitText(DIFFERENT.get(1));
    audit("after an answer");
    for (String view : List.of("p", "l", "t")) {
      browser.press("g", view);
      browser.await(By.cssSelector(ready(view)));
      for (String scheme : List.of("light", "dark")) {
        browser.prefer(scheme);
        audit(scheme + " view " + view);
      }
    }
    browser.driver().findElement(By.id("language")).click();
    Awaitility.await().until(() -> browser.driver().getPageSource().contains("试一条消息"));
    audit("Chinese");
    browser.driver().findElement(By.id("language")).click();
  }

  private static String ready(String view) {
    return view.equals("t") ? "#try-text" : view.equals("p") ? ".tiles" : ".labeled";
  }

  private static void audit(String where) {
    assertThat(browser.accessibilityFaults()).as(where).isEmpty();
    assertThat(browser.leastContrastOfPictures()).as(where).isGreaterThanOrEqualTo(4.5);
  }

  @Test
  void theTabKeyReachesEveryControlAndShowsWhereItIs() {
    // Given
    records.task("intents", "");
    records.example("e1", "Where is my parcel?", "order_status");
    records.ask("q1", "Still no parcel, where is it?", 0.31, "order_status", "refund");
    records.ask("q2", "Do you sell gift cards?", 0.42, "product_question", "refund");
    open(1200, 900);
    browser.awaitText("Still no parcel");
    browser.press("1");
    browser.awaitText("Do you sell gift cards?");

    for (String view : List.of("q", "p", "l", "t")) {
      browser.leaveField();
      browser.press("g", view);
      browser.await(By.cssSelector(view.equals("q") ? ".choice" : ready(view)));

      // When
      browser.driver().executeScript("document.activeElement.blur(); scrollTo(0, 0)");
      Set<String> reached = new TreeSet<>();
      for (int i = 0; i < 60; i++) {
        browser.press(Keys.TAB);
        List<?> at =
            (List<?>)
                browser
                    .driver()
                    .executeScript(
                        "const each = document.activeElement; const style = getComputedStyle(each);"
                            + " return [each === document.body ? '' : "
                            + NAME
                            + ", style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2]");
        if (at.get(0).equals("")) {
          // Past the last one; it begins where the focus was, and so comes round.
          continue;
        }
        reached.add((String) at.get(0));
        assertThat(at.get(1)).as("focus of " + at.get(0) + " in view " + view).isEqualTo(true);
      }

      // Then
      List<?> all = (List<?>) browser.driver().executeScript(VISIBLE.formatted(NAME));
      assertThat(all).as(view).hasSizeGreaterThan(8);
      assertThat(reached).as(view).containsAll(all.stream().map(String::valueOf).toList());
    }
  }

  @Test
  void labelsAreRenamedAndAnswersTakenBackByKeysAlone() {
    // Given an answer
    records.task("intents", "");
    records.example("e1", "Where is my parcel?", "status");
    records.ask("q1", "Still no parcel, where is it?", 0.31, "status", "refund");
    records.ask("q2", "Where has it gone?", 0.42, "status", "refund");
    open(1200, 900);
    browser.awaitText("Still no parcel");
    browser.press("1");
    browser.awaitText("Where has it gone?");

    // When its label is renamed
    browser.press("g", "p");
    browser.await(By.id("rename-to"));
    browser.tabTo("#rename-to");
    browser.press("order_status", Keys.ENTER);
    Awaitility.await()
        .atMost(LabelingWorld.PATIENCE)
        .until(
            () ->
                browser
                    .driver()
                    .findElement(By.id("status"))
                    .getText()
                    .equals("Renamed in 1 examples and 1 waiting messages"));

    // Then what waits offers the new name
    browser.leaveField();
    browser.press("g", "q");
    browser.await(By.cssSelector("[data-output=order_status]"));
    assertThat(browser.driver().findElements(By.cssSelector("[data-output=status]"))).isEmpty();

    // When the answer is taken back
    browser.press("g", "l");
    browser.await(By.cssSelector("[data-query=q1] .undo"));
    browser.tabTo("[data-query=q1] .undo");
    browser.press(Keys.ENTER);

    // Then
    browser.awaitText("Nothing was labeled yet.");
    assertThat(records.corrections(2).get(1).value()).isNull();
  }

  @Test
  void aPhoneShowsEverythingWithoutScrollingSideways() {
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
    browser.awaitText("Pneumono");

    // Then
    browser.assertNoSidewaysScroll();
    browser.screenshot("phone-queue");
    browser.press("1");
    browser.awaitText(DIFFERENT.get(0));
    for (int i = 0; i < 6; i++) {
      browser.press(i == 2 ? "2" : "1");
      browser.awaitText(DIFFERENT.get(i + 1));
    }
    for (String view : List.of("t", "p", "l")) {
      browser.press("g", view);
      browser.await(By.cssSelector(ready(view)));
      browser.assertNoSidewaysScroll();
      browser.screenshot("phone-" + view);
      browser.leaveField();
    }
    browser.driver().findElement(By.id("language")).click();
    Awaitility.await().until(() -> browser.driver().getPageSource().contains("已标注的消息"));
    browser.assertNoSidewaysScroll();
    browser.screenshot("phone-chinese");
    browser.driver().findElement(By.id("language")).click();
    browser.press("g", "p");
    browser.await(By.cssSelector(".tiles"));
    browser.resize(1200, 1300);
    browser.screenshot("panel");
    browser.prefer("dark");
    browser.screenshot("panel-dark");
    browser.press("g", "q");
    browser.awaitText(DIFFERENT.get(6));
    browser.screenshot("queue-dark");
    browser.prefer("light");
  }
}
