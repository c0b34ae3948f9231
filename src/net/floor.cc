namespace lb {}
