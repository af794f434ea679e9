package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Example;
import io.fewshot.event.Result;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.Embedding;
import io.fewshot.prompt.Language;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever writes to the public topics, what is taught has one form. */
class LabelFormTest {

  @TempDir Path state;

  private LearningWorld world;

  @BeforeEach
  void start() throws Exception {
    world = new LearningWorld(state, LearningWorld.parts(new OneVector()), RecordLimits.standard());
  }

  @AfterEach
  void stop() {
    world.close();
  }

  @Test
  void aCorrectionTeachesALabelInItsOneForm() {
    // Given a label with an accent, which is corrected to with spaces and a decomposed one
    world.define("fixed", "labels: [g\u00E9n\u00E9ral, late]");
    world.saw("q", "fixed", "text");

    // When
    world.correct("q", "\u00A0ge\u0301ne\u0301ral ");
    world.tick();

    // Then
    assertThat(world.results.readValuesToList())
        .extracting(Result::getOutput)
        .containsExactly("g\u00E9n\u00E9ral");
    assertThat(world.examples.readValuesToList())
        .extracting(Example::getOutput)
        .containsExactly("g\u00E9n\u00E9ral");
    assertThat(world.reasons()).isEmpty();
  }

  @Test
  void aRefusalNamesTheLabelThatMayBeMeant() {
    world.define("fixed", "labels: [late, refund]");
    world.saw("q", "fixed", "text");

    world.correct("q", "Late");
    world.tick();

    assertThat(world.deadLetters.readRecordsToList())
        .singleElement()
        .satisfies(
            letter ->
                assertThat(LearningWorld.header(letter, "__streams.errors.message"))
                    .contains("`Late` is no label of task fixed: is `late` meant?"));
  }

  @Test
  void anExampleHasItsOneFormOrIsRefused() {
    world.define("free", "");
    teach("1", " late\n");
    teach("2", "\u00A0");
    world.tick();

    assertThat(world.encoded.readValuesToList())
        .extracting(EncodedExample::getOutput)
        .containsExactly("late");
    assertThat(world.reasons()).containsExactly("EMPTY_TEXT");
  }

  private void teach(String id, String output) {
    Example example =
        Example.newBuilder()
            .setTask("free")
            .setExampleId(id)
            .setInput("text " + id)
            .setOutput(output)
            .setSource("import")
            .setLabeler("")
            .build();
    world.examplesIn.pipeInput(LearningWorld.utf8("free/" + id), world.bytes(example));
  }

  private static final class OneVector implements TextEncoder {

    @Override
    public List<Embedding> encode(Language language, List<String> texts) {
      return texts.stream().map(text -> new Embedding("one", new float[] {1})).toList();
    }

    @Override
    public String name(Language language, String text) {
      return "one";
    }
  }
}
