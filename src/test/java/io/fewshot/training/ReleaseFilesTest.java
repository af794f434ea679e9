package io.fewshot.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fewshot.ladder.LinearHead;
import io.fewshot.training.SafeTensors.Content;
import io.fewshot.training.SafeTensors.Tensor;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class ReleaseFilesTest {

  /** Written by Python's safetensors 0.7: weight [[1.5, -2, 3], [0.25, 0.001, -7]], bias [±0.5]. */
  private static final byte[] BY_PYTHON =
      Base64.getDecoder()
          .decode(
              "mAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJiaWFzIjp7ImR0eXBlIjoiRjMyIiwi"
                  + "c2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbMCw4XX0sIndlaWdodCI6eyJkdHlwZSI6IkYzMiIsInNo"
                  + "YXBlIjpbMiwzXSwiZGF0YV9vZmZzZXRzIjpbOCwzMl19fSAgIAAAAD8AAAC/AADAPwAAAMAAAEBAAACA"
                  + "Pm8SgzoAAODA");

  @Test
  void whatPythonWroteIsReadAndWrittenTheSame() {
    Content content = SafeTensors.read(BY_PYTHON);

    assertThat(content.metadata()).containsEntry("format", "pt");
    assertThat(content.tensors().get("weight").shape()).containsExactly(2, 3);
    assertThat(content.tensors().get("weight").values())
        .containsExactly(1.5f, -2f, 3f, 0.25f, 0.001f, -7f);
    assertThat(content.tensors().get("bias").values()).containsExactly(0.5f, -0.5f);
    assertThat(SafeTensors.write(content)).isEqualTo(BY_PYTHON);
  }

  @Test
  void whatIsNoSuchFileIsRefused() {
    byte[] cut = Arrays.copyOf(BY_PYTHON, BY_PYTHON.length - 4);
    byte[] overlong = BY_PYTHON.clone();
    overlong[5] = 1;

    assertThatThrownBy(() -> SafeTensors.read(cut)).isInstanceOf(ReleaseException.class);
    assertThatThrownBy(() -> SafeTensors.read(overlong)).isInstanceOf(ReleaseException.class);
    assertThatThrownBy(() -> SafeTensors.read(new byte[3])).isInstanceOf(ReleaseException.class);
  }

  @Test
  void aHeadSurvivesItsFiles() {
    // Given
    LinearHead head = head();

    // When
    Artifact artifact = HeadFiles.write(head, Map.of("seed", "none"));
    LinearHead read = HeadFiles.read(artifact, "v2");

    // Then
    assertThat(read.version()).isEqualTo("v2");
    assertThat(read.encoder()).isEqualTo("some-encoder");
    assertThat(read.labels()).containsExactly("no", "yes");
    assertThat(read.weights()).isEqualTo(head.weights());
    assertThat(read.folds()).usingRecursiveComparison().isEqualTo(head.folds());
    assertThat(HeadFiles.write(head, Map.of("seed", "none")).sha256()).isEqualTo(artifact.sha256());
  }

  @Test
  void otherFilesAreNoHead() {
    Map<String, byte[]> files = new LinkedHashMap<>(HeadFiles.write(head(), Map.of()).files());
    files.put(
        HeadFiles.TENSORS,
        SafeTensors.write(
            new Content(Map.of("weight", new Tensor(new int[] {1}, new float[1])), Map.of())));

    assertThatThrownBy(() -> HeadFiles.read(Artifact.pack(files), "v"))
        .isInstanceOf(ReleaseException.class)
        .hasMessageContaining("bias");
    assertThatThrownBy(() -> HeadFiles.read(Artifact.of(new byte[] {1, 2, 3}), "v"))
        .isInstanceOf(ReleaseException.class);
  }

  @Test
  void chunksMakeTheArtifactAgainAndAWrongOneIsSeen() {
    // Given
    byte[] bytes = "twenty-five bytes, in all".getBytes(StandardCharsets.UTF_8);
    Artifact artifact = Artifact.of(bytes);

    // When
    List<ProducerRecord<String, byte[]>> records = Artifacts.records("a", artifact, 10);

    // Then
    assertThat(records)
        .extracting(ProducerRecord::key)
        .containsExactly(
            artifact.sha256() + "/0", artifact.sha256() + "/1", artifact.sha256() + "/2");
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    records.forEach(record -> joined.writeBytes(record.value()));
    assertThat(Artifacts.checked(joined.toByteArray(), artifact.sha256(), "kafka:x").bytes())
        .isEqualTo(bytes);
    byte[] incomplete = Arrays.copyOf(bytes, 20);
    assertThatThrownBy(() -> Artifacts.checked(incomplete, artifact.sha256(), "kafka:x"))
        .isInstanceOf(ReleaseException.class)
        .hasMessageContaining("incomplete");
  }

  private static LinearHead head() {
    return new LinearHead(
        "v1",
        "some-encoder",
        List.of("no", "yes"),
        3,
        new float[] {1, 2, 3, 4, 5, 6},
        List.of(new float[] {1, 0, 0, 0, 0, 1}, new float[] {0, 1, 0, 1, 0, 0}));
  }
}
