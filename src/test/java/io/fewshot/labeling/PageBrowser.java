package io.fewshot.labeling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;

/** A real Chromium without a window, and what people do with it. */
final class PageBrowser implements AutoCloseable {

  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
  private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
  private static final Path SCREENSHOTS = Path.of("target", "screenshots");
  private static final Duration PATIENCE = LabelingWorld.PATIENCE;

  private final Path profile;
  private final ChromeDriver driver;

  private PageBrowser(Path profile, ChromeDriver driver) {
    this.profile = profile;
    this.driver = driver;
  }

  /** Whether Debian's chromium and chromium-driver are there. */
  static boolean isThere() {
    return Files.isExecutable(CHROMIUM) && Files.isExecutable(DRIVER);
  }

  static PageBrowser start() {
    try {
      Files.createDirectories(SCREENSHOTS);
      Path profile = Files.createTempDirectory("fewshot-chromium");
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
      ChromeDriverService service =
          new ChromeDriverService.Builder()
              .usingDriverExecutable(DRIVER.toFile())
              .usingAnyFreePort()
              .build();
      return new PageBrowser(profile, new ChromeDriver(service, options));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  ChromeDriver driver() {
    return driver;
  }

  void open(String url, int width, int height) {
    resize(width, height);
    driver.get("about:blank");
    driver.get(url);
    await(By.cssSelector("main > *"));
  }

  void resize(int width, int height) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 500));
  }

  /** Light or dark, as people have set their machine. */
  void prefer(String scheme) {
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(
                Map.of("name", "prefers-color-scheme", "value", scheme),
                // What moves is measured half way.
                Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
  }

  /** Types keys, to whatever has the focus, which is replaced now and then. */
  void press(CharSequence... keys) {
    for (CharSequence key : keys) {
      new Actions(driver).sendKeys(key).perform();
    }
  }

  WebElement await(By what) {
    return Awaitility.await()
        .atMost(PATIENCE)
        .ignoreException(StaleElementReferenceException.class)
        .until(() -> driver.findElements(what).stream().findFirst().orElse(null), Objects::nonNull);
  }

  void awaitText(String text) {
    Awaitility.await()
        .atMost(PATIENCE)
        .ignoreException(StaleElementReferenceException.class)
        .untilAsserted(
            () -> assertThat(driver.findElement(By.id("main")).getText()).contains(text));
  }

  /** Says who is there. */
  void call(String name) {
    driver.findElement(By.id("name")).click();
    WebElement field = await(By.id("your-name"));
    field.clear();
    field.sendKeys(name, Keys.ENTER);
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> driver.findElement(By.id("name")).getText().equals(name));
    leaveField();
  }

  /** Takes the focus away from where it is, so that keys are shortcuts again. */
  void leaveField() {
    driver.executeScript("document.activeElement.blur()");
  }

  /** Presses the tab key until something has the focus. */
  void tabTo(String selector) {
    for (int i = 0; i < 60; i++) {
      press(Keys.TAB);
      Object there =
          driver.executeScript("return document.activeElement.matches(arguments[0])", selector);
      if (Boolean.TRUE.equals(there)) {
        return;
      }
    }
    throw new AssertionError("the tab key does not reach " + selector);
  }

  /**
   * What axe-core finds in the page as it is shown, and nothing of contrast that it leaves to
   * people to judge.
   */
  List<?> accessibilityFaults() {
    driver.executeScript("if (!window.axe) { " + axe() + " }");
    return (List<?>)
        Objects.requireNonNull(
            driver.executeAsyncScript(
                """
                const done = arguments[arguments.length - 1];
                const undecided = ['bgGradient', 'bgImage', 'equalRatio'];
                const told = (each) => each.id + ' (' + each.help + '): ' + each.nodes
                  .map((node) => node.target.join(' ') + ' ' + node.failureSummary).join('; ');
                axe.run(document).then(
                  (result) => done([...result.violations, ...result.incomplete.filter((each) =>
                    each.id === 'color-contrast' && each.nodes.some((node) =>
                      node.any.some((check) => undecided.includes(check.data?.messageKey))))].map(told)),
                  (error) => done([String(error)]));
                """));
  }

  /**
   * The least contrast of a picture's text with the card that it lies on, by WCAG's formula, which
   * axe-core leaves open for SVG; 21 without pictures.
   */
  double leastContrastOfPictures() {
    Object least =
        driver.executeScript(
            """
            const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((each) => each / 255)
              .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
              .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
            const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            return Math.min(21, ...[...document.querySelectorAll('.chart text')].map((text) => ratio(
              light(getComputedStyle(text).fill),
              light(getComputedStyle(text.closest('.card')).backgroundColor))));
            """);
    return ((Number) Objects.requireNonNull(least)).doubleValue();
  }

  private static String axe() {
    try (InputStream in = PageBrowser.class.getResourceAsStream("/axe.min.js")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void assertNoSidewaysScroll() {
    Object wide =
        driver.executeScript(
            "return [document.documentElement.scrollWidth, innerWidth].join(' of ')");
    Object fits = driver.executeScript("return document.documentElement.scrollWidth <= innerWidth");
    assertThat(fits).as("scrolls sideways: " + wide).isEqualTo(true);
  }

  void screenshot(String name) {
    try {
      Files.write(SCREENSHOTS.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    driver.quit();
    try (Stream<Path> files = Files.walk(profile)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(java.io.File::delete);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
