using Cv.Dsl;

namespace Cv.Examples.Cs231n;

/// <summary>Appends what conv nets repeat.</summary>
static class Blocks
{
    /// <summary>Appends a convolution that keeps the size, batch normalisation, a ReLU gate, and a pool that halves the size.</summary>
    public static Model Block(this Model below, int filters, int size) =>
        below.Conv(filters, size, padding: size / 2).BatchNorm().Relu().MaxPool(2);
}
