package io.fewshot.labeling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fewshot.ops.SettingsException;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class UsersTest {

  @Test
  void onlyTheRightPasswordOfAKnownNameOpens() {
    // Given
    String line = Users.line("ann", Role.OWNER, "correct horse".toCharArray());
    Users users = Users.parse("# people\n\n" + line + "\n");

    // Then
    assertThat(users.login("ann", "correct horse".toCharArray()))
        .hasValueSatisfying(user -> assertThat(user.role()).isEqualTo(Role.OWNER));
    assertThat(users.login("ann", "correct hors".toCharArray())).isEmpty();
    assertThat(users.login("bob", "correct horse".toCharArray())).isEmpty();
    assertThat(line).doesNotContain("correct horse");
    assertThat(users.toString()).isEqualTo("Users[ann]");
  }

  @Test
  void aMalformedLineIsRefusedWithoutRepeatingItsSecret() {
    assertThatThrownBy(() -> Users.parse("ann:owner:secret"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("--new-user")
        .hasMessageNotContaining("secret");
    assertThatThrownBy(() -> Users.parse("ann")).hasMessageContaining("line 1");
    assertThatThrownBy(() -> Users.line("a:b", Role.LABELER, "x".toCharArray()))
        .hasMessageContaining("name");
  }

  @Test
  void beyondThisMachineThePageNeedsUsers() {
    assertThatThrownBy(() -> new WebSettings("0.0.0.0", 0, Users.none(), 1))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("--users");
    assertThat(WebSettings.local(0).isLocal()).isTrue();
  }

  @Test
  void guessingIsSlowedDown() {
    // Given
    AtomicReference<Instant> now = new AtomicReference<>(LabelingFixtures.T0);
    LoginLimit limit = new LoginLimit(now::get);
    for (int i = 0; i < LoginLimit.FOR_NAME; i++) {
      assertThat(limit.allows("ann", "10.0.0.1")).isTrue();
    }

    // Then
    assertThat(limit.allows("ann", "10.0.0.2")).isFalse();
    assertThat(limit.allows("bob", "10.0.0.2")).isTrue();
    now.set(now.get().plus(LoginLimit.WINDOW));
    assertThat(limit.allows("ann", "10.0.0.1")).isTrue();
  }
}
