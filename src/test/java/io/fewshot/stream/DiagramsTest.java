package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Topics;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xml.sax.InputSource;

/**
 * The diagrams in `topology-docs/` are those of the code; `-Dfewshot.diagrams=write` renews them.
 */
class DiagramsTest {

  private static final Path FOLDER = Path.of("topology-docs");
  private static final Topics TOPICS = Topics.standard();

  @ParameterizedTest
  @ValueSource(strings = {"answering", "learning"})
  void theDiagramsAreThoseOfTheCode(String application) throws IOException {
    isCurrent(application + ".mmd", Diagrams.mermaid(TOPICS).get(application));
    isCurrent(application + ".svg", Diagrams.svg(TOPICS).get(application));
  }

  @Test
  void theSvgIsWellFormedAndNamesEveryTopic() throws Exception {
    Map<String, String> drawn = Diagrams.svg(TOPICS);

    for (String svg : drawn.values()) {
      DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(new InputSource(new StringReader(svg)));
    }
    assertThat(drawn.get("answering"))
        .contains("fewshot.queries", "fewshot.results", "fewshot.labeling", "fewshot.dead-letters");
  }

  private static void isCurrent(String file, String drawn) throws IOException {
    Path path = FOLDER.resolve(file);
    if ("write".equals(System.getProperty("fewshot.diagrams"))) {
      Files.writeString(path, drawn);
    }
    assertThat(path)
        .as(
            "%s is stale: renew it with mvn test -Dtest=DiagramsTest -Dfewshot.diagrams=write",
            path)
        .hasContent(drawn);
  }
}
