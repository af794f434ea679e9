package io.fewshot.cli;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * An input that can be read twice: once to check it, once to use it. What comes only once, such as
 * standard input or a pipe, is kept in a temporary file meanwhile, which only its owner can read.
 */
final class StoredInput implements AutoCloseable {

  private final String path;
  private final @Nullable SeekableByteChannel stored;

  private StoredInput(String path, @Nullable SeekableByteChannel stored) {
    this.path = path;
    this.stored = stored;
  }

  /**
   * Takes an input to its end.
   *
   * @param path a path, or {@link InputFile#STDIN}
   * @throws BadInputException when there is none
   */
  static StoredInput of(String path, InputStream stdin) {
    if (path.equals(InputFile.STDIN)) {
      return new StoredInput(path, store(InputFile.STDIN_NAME, stdin));
    }
    Path file = InputFile.file(path);
    if (Files.isRegularFile(file)) {
      return new StoredInput(path, null);
    }
    try (InputStream pipe = Files.newInputStream(file)) {
      return new StoredInput(path, store(path, pipe));
    } catch (IOException e) {
      throw new BadInputException(path + " cannot be read: " + e.getMessage());
    }
  }

  private static SeekableByteChannel store(String name, InputStream in) {
    try {
      // With mode 600; and it has no name any more once it is open, whatever ends this process.
      Path file = Files.createTempFile("fewshot-", ".input");
      SeekableByteChannel channel =
          Files.newByteChannel(
              file,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE);
      OutputStream out = Channels.newOutputStream(channel);
      in.transferTo(out);
      return channel;
    } catch (IOException e) {
      throw new FailedException(
          "%s cannot be kept in a temporary file: make room there (%s)"
              .formatted(name, e.getMessage()),
          e);
    }
  }

  /** Opens it at its beginning; one at a time. */
  InputFile open() {
    if (stored == null) {
      return InputFile.open(path, InputStream.nullInputStream());
    }
    try {
      stored.position(0);
      InputStream in =
          new FilterInputStream(Channels.newInputStream(stored)) {
            @Override
            public void close() {
              // It may be read again.
            }
          };
      return new InputFile(name(), in, stored.size());
    } catch (IOException e) {
      throw new FailedException(name() + " cannot be read again: " + e.getMessage(), e);
    }
  }

  /** What it is called in messages. */
  String name() {
    return path.equals(InputFile.STDIN) ? InputFile.STDIN_NAME : path;
  }

  @Override
  public void close() {
    try {
      if (stored != null) {
        stored.close();
      }
    } catch (IOException e) {
      // It has no name any more: the operating system clears it.
    }
  }
}
