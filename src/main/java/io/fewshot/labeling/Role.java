package io.fewshot.labeling;

import io.fewshot.ops.SettingsException;
import java.util.Locale;

/** What somebody may do on the page. */
public enum Role {
  /** Label, and undo what they labeled. */
  LABELER,
  /** That, rename and merge labels, settle votes, and undo what others labeled. */
  OWNER;

  /** As users' files and the API write it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The role of that name.
   *
   * @throws SettingsException when there is none
   */
  public static Role ofLabel(String label) {
    for (Role role : values()) {
      if (role.label().equals(label)) {
        return role;
      }
    }
    throw new SettingsException("the role is labeler or owner, not " + label);
  }
}
