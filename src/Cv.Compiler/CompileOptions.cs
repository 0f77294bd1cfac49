using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Chooses the vectors that kernels use, in bits.</summary>
public enum VectorWidth
{
    /// <summary>Takes the widest that the processor has.</summary>
    Auto = 0,

    /// <summary>Uses 128 bits: 4 floats (SSE, Arm's AdvSimd).</summary>
    Bits128 = 128,

    /// <summary>Uses 256 bits: 8 floats (AVX2).</summary>
    Bits256 = 256,

    /// <summary>Uses 512 bits: 16 floats (AVX-512). Without it the code is right all the same, and slow.</summary>
    Bits512 = 512,
}

/// <summary>Says how a graph is compiled.</summary>
public sealed record CompileOptions
{
    /// <summary>Gives the number of threads, the caller's included; by default one per logical processor. Results do not depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Gives the width of the vectors. Sums are folded lane by lane, so their last bits may differ between widths.</summary>
    public VectorWidth Width { get; init; } = VectorWidth.Auto;

    /// <summary>
    /// Tells to choose the register tiles of products and convolutions by a short measurement, instead of the cost model. What was chosen is
    /// kept in a file, by processor, width, threads and shape, so that the time is spent once. Results do not depend on it.
    /// </summary>
    public bool Autotune { get; init; }

    /// <summary>Gives the file of <see cref="Autotune"/>; by default cvdsl/tiles.json in the user's cache folder. One that is spoilt or cannot be written is ignored.</summary>
    public string? TuneCache { get; init; }

    /// <summary>Gives one tile to every product and convolution, for measurements and tests.</summary>
    internal (int Rows, int Vectors)? Tile { get; init; }

    /// <summary>
    /// Gives how many sets of extents a function keeps code for, 1 or more. Past that, what was used longest ago is dropped, and compiled again when it comes back:
    /// <see cref="Warn"/> hears of the first time, and <see cref="CompiledFunction.InBatches"/> needs few.
    /// </summary>
    public int CachedShapes { get; init; } = 16;

    /// <summary>
    /// Hears, once for each function, of what costs much and is no error, such as code that must be compiled again and again. By default it is a line on standard
    /// error; give an empty method for silence.
    /// </summary>
    public Action<string> Warn { get; init; } = static text => Console.Error.WriteLine(text);

    /// <summary>
    /// Computes cheap elementwise values of the forward pass again where the backward pass reads them, instead of keeping them. The peak of
    /// memory falls, results stay the same to the bit, and a step takes a little longer.
    /// </summary>
    public bool Rematerialise { get; init; }

    /// <summary>
    /// Applies laws of the real numbers that floating point does not have, such as x * 0 = 0 and x / c = x (1 / c). Faster here and there; last bits change, and so may
    /// what NaN, infinities and overflow give. docs/SEMANTICS.md lists the laws.
    /// </summary>
    public bool FastMath { get; init; }

    /// <summary>Gives the width in bits, with Auto resolved.</summary>
    /// <remarks>
    /// Vector512.IsHardwareAccelerated is false on processors that slow down for wide vectors although they have them, and they are faster
    /// for our kernels: so the instruction set is asked.
    /// </remarks>
    public int Bits =>
        Width != VectorWidth.Auto ? (int)Width
        : Avx512F.IsSupported ? 512
        : Vector256.IsHardwareAccelerated ? 256
        : 128;

    internal CompileOptions Checked()
    {
        if (Threads is < 1 or > 256)
            throw new GraphException(
                $"compile: the number of threads must be 1 to 256; got {Threads}. Leave it out to use every processor."
            );
        if (Width is not (VectorWidth.Auto or VectorWidth.Bits128 or VectorWidth.Bits256 or VectorWidth.Bits512))
            throw new GraphException($"compile: the width must be 128, 256 or 512 bits; got {(int)Width}. Leave it out for the widest.");
        if (CachedShapes < 1)
            throw new GraphException($"compile: code must be kept for at least 1 set of extents; got {CachedShapes}. Leave it out for 16.");
        return this;
    }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(CompileOptions), PrintMembers);
}
