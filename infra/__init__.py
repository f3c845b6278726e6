"""What the product runs on: the local stack, migrations, deployment files, benchmarks, and the decisions behind them."""
