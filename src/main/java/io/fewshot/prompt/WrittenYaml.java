package io.fewshot.prompt;

import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.IOContext;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.io.Reader;
import org.yaml.snakeyaml.events.ScalarEvent;

/**
 * YAML in which every plain scalar is the text that is written: names such as {@code 007}, {@code
 * 1.10} and {@code True} would otherwise become numbers and truth values, and come back otherwise.
 */
final class WrittenYaml extends YAMLFactory {

  private static final long serialVersionUID = 1L;

  @Override
  protected YAMLParser _createParser(Reader reader, IOContext context) {
    return new YAMLParser(
        context, _parserFeatures, _yamlParserFeatures, _loaderOptions, _objectCodec, reader) {
      @Override
      protected JsonToken _decodeScalar(ScalarEvent scalar) throws IOException {
        JsonToken token = super._decodeScalar(scalar);
        return token.isNumeric() || token.isBoolean() ? JsonToken.VALUE_STRING : token;
      }
    };
  }
}
