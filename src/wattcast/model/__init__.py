"""Networks: patches, Mamba+ blocks, the bidirectional encoder, our power network, and Bi-Mamba+ as published."""
