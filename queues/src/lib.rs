//! Message queues for workflow workers: envelope, runner, RabbitMQ, and the ports Broker and Shelf.
