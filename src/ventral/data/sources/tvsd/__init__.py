"""The THINGS ventral stream spiking dataset."""
