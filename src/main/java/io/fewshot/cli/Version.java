package io.fewshot.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** Which version this is, as the build wrote it down. */
final class Version implements IVersionProvider {

  private static final String RESOURCE = "/io/fewshot/cli/version.properties";

  @Override
  public String[] getVersion() throws IOException {
    Properties properties = new Properties();
    try (InputStream in = Version.class.getResourceAsStream(RESOURCE)) {
      if (in != null) {
        properties.load(in);
      }
    }
    return new String[] {
      "fewshot %s, Java %s"
          .formatted(
              properties.getProperty("version", "of an unknown version"),
              System.getProperty("java.version"))
    };
  }
}
