package io.fewshot.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The commands in a process of their own, from the classes under test. */
final class FewshotProcess {

  private FewshotProcess() {}

  /**
   * @param options of the virtual machine
   */
  static ProcessBuilder of(List<String> options, String... command) {
    return main(Main.class, options, command);
  }

  /** Another program of the tests. */
  static ProcessBuilder main(Class<?> program, List<String> options, String... command) {
    List<String> all = new ArrayList<>();
    all.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    all.addAll(options);
    all.add("-cp");
    all.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    all.add(program.getName());
    all.addAll(List.of(command));
    return new ProcessBuilder(all);
  }
}
