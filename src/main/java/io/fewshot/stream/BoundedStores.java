package io.fewshot.stream;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBufferManager;

/**
 * One bound for what all state stores of the process hold outside the heap. By default each store
 * of each partition may take about 100 MB, a cache of 50 and three write buffers of 16. What is
 * read often lies in the memory's own index; the stores are for starting again.
 *
 * <p>Kafka Streams makes an instance for each store, so what they share has to be static; it lives
 * as long as the process.
 */
public final class BoundedStores implements RocksDBConfigSetter {

  private static final long CACHE_BYTES = 48L << 20;
  private static final long WRITE_BUFFERS_BYTES = 24L << 20;
  private static final long WRITE_BUFFER_BYTES = 4L << 20;

  static {
    RocksDB.loadLibrary();
  }

  private static final Cache CACHE = new LRUCache(CACHE_BYTES);
  private static final WriteBufferManager WRITE_BUFFERS =
      new WriteBufferManager(WRITE_BUFFERS_BYTES, CACHE);

  @Override
  public void setConfig(String store, Options options, Map<String, Object> configs) {
    BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
    table.setBlockCache(CACHE);
    table.setCacheIndexAndFilterBlocks(true);
    options.setTableFormatConfig(table);
    options.setWriteBufferManager(WRITE_BUFFERS);
    options.setWriteBufferSize(WRITE_BUFFER_BYTES);
    options.setMaxWriteBufferNumber(2);
  }

  @Override
  public void close(String store, Options options) {
    // The cache and the buffers are everyone's.
  }
}
