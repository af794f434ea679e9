package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The script {@code ./fewshot}, as installed, with a Java that only says what it was given. */
class LauncherTest {

  @TempDir Path home;

  private Path launcher;

  @BeforeEach
  void install() throws IOException {
    launcher = Files.copy(Path.of("fewshot"), home.resolve("fewshot"));
    Files.createDirectories(home.resolve("lib"));
    Files.createDirectories(home.resolve("jdk/bin"));
    Files.writeString(home.resolve("jdk/release"), "JAVA_VERSION=\"17.0.1\"\n");
    Path java = home.resolve("jdk/bin/java");
    Files.writeString(java, "#!/bin/sh\nlocale charmap\nfor last; do :; done\necho \"$last\"\n");
    Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"LC_ALL=C", "LC_ALL=POSIX", "LANG=xx_YY.UTF-8", "LC_ALL=C.UTF-8", "NO=1"})
  void javaRunsInUtf8WhateverTheLocale(String setting) throws Exception {
    String[] nameAndValue = setting.split("=");

    assertThat(run(Map.of(nameAndValue[0], nameAndValue[1]), "x")).isEqualTo("UTF-8\nx\n");
  }

  @Test
  void anOutputMayBeginWithAnyCharacter() throws Exception {
    assertThat(run(Map.of(), "@x y*")).isEqualTo("UTF-8\n@x y*\n");
  }

  /** With nothing but these in the environment, as from cron. */
  private String run(Map<String, String> environment, String argument) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder("bash", launcher.toString(), "correct", "--output", argument);
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin");
    builder.environment().put("JAVA_HOME", home.resolve("jdk").toString());
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return out;
  }
}
