"""The local stack: real servers as binaries, an AWS emulator and a Bedrock stand-in, owned by one guardian process."""
