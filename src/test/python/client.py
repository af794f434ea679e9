"""Asks one question as a client in another language would, and prints the answer as JSON.

Usage: client.py BOOTSTRAP REGISTRY_URL SCHEMA_FILE TASK QUERY_ID TEXT
"""
import json
import pathlib
import sys
import time

from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

bootstrap, registry_url, schema_file, task, query_id, text = sys.argv[1:]
registry = SchemaRegistryClient({"url": registry_url})
serialize = AvroSerializer(registry, pathlib.Path(schema_file).read_text(encoding="utf-8"))
deserialize = AvroDeserializer(registry)

producer = Producer({"bootstrap.servers": bootstrap})
query = {
    "query_id": query_id,
    "task": task,
    "text": text,
    "attributes": {"channel": "python"},
    "created_at": None,
}
producer.produce(
    "fewshot.queries",
    key="customer-π",
    value=serialize(query, SerializationContext("fewshot.queries", MessageField.VALUE)),
    headers={"traceparent": "00-python"},
)
producer.flush(30)

consumer = Consumer(
    {
        "bootstrap.servers": bootstrap,
        "group.id": "python-" + query_id,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    }
)
consumer.subscribe(["fewshot.results"])
deadline = time.time() + 60
while time.time() < deadline:
    message = consumer.poll(1.0)
    if message is None or message.error():
        continue
    result = deserialize(
        message.value(), SerializationContext(message.topic(), MessageField.VALUE)
    )
    if result["query_id"] == query_id:
        result["created_at"] = result["created_at"].isoformat()
        result["key"] = message.key().decode()
        result["headers"] = {name: value.decode() for name, value in message.headers() or []}
        print(json.dumps(result))
        consumer.close()
        sys.exit(0)
sys.exit("no result for " + query_id + " within a minute")
