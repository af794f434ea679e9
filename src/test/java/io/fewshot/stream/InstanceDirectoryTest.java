package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fewshot.ops.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class InstanceDirectoryTest {

  @TempDir Path folder;

  @Test
  void eachInstanceHasItsOwnAndFindsItAgain() {
    InstanceDirectory first = InstanceDirectory.take(folder);
    InstanceDirectory second = InstanceDirectory.take(folder);
    assertThat(second.path()).isNotEqualTo(first.path());

    first.close();

    InstanceDirectory again = InstanceDirectory.take(folder);
    assertThat(again.path()).isEqualTo(first.path());
    again.close();
    second.close();
  }

  @Test
  void aPlaceBelowAFileIsSaidWithWhatToDo() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");

    assertThatThrownBy(() -> InstanceDirectory.take(file.resolve("state")))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("state directory " + file.resolve("state"))
        .hasMessageContaining("set fewshot.state.dir")
        .hasMessageNotContaining("\n");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void soIsOneThatNobodyMayWriteTo() {
    Path nowhere = Path.of("/proc/fewshot-state");

    assertThatThrownBy(() -> InstanceDirectory.take(nowhere))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("state directory /proc/fewshot-state")
        .hasMessageContaining("set fewshot.state.dir");
  }
}
