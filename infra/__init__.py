"""What the product runs on: the local stack, migrations, deployment, benchmarks, and the decisions behind them."""
