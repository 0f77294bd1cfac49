using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Lists the taps of one axis that reach an output: every <paramref name="Step"/>th from <paramref name="First"/> on.</summary>
/// <param name="First">The first tap.</param>
/// <param name="Count">The number of taps.</param>
/// <param name="Step">The taps from one to the next.</param>
/// <param name="Offset">Where the first tap reads, in the band, from where the output's own place starts.</param>
/// <param name="Move">The places from one tap's to the next one's.</param>
readonly record struct Taps(int First, int Count, int Step, int Offset, int Move);

/// <summary>Describes outputs that the same taps reach: <paramref name="Start"/>, and every <paramref name="Stride"/>th from there.</summary>
readonly record struct Phase(int Start, int Stride, int Count, Taps Taps);

/// <summary>
/// Describes one axis of a convolution the way its kernel walks it. Inputs are read from a band, in which zeros stand for what is outside
/// the image. Place t * <see cref="Scale"/> of the band belongs to output number t of each phase. The adjoint by the input has as many phases as
/// the stride, for each place of the input is reached by some taps only.
/// </summary>
/// <param name="Source">The extent of what is read.</param>
/// <param name="Low">The place of the first element that is read.</param>
/// <param name="Scale">The places from one output of a phase to the next.</param>
/// <param name="Span">The places that one output needs.</param>
/// <param name="Phases">The phases.</param>
sealed record ConvAxis(int Source, int Low, int Scale, int Span, Phase[] Phases)
{
    /// <summary>Counts the outputs of the longest phase.</summary>
    public int Count => Phases.Max(p => p.Count);

    /// <summary>Counts the places for so many outputs of a phase.</summary>
    public int Places(int outputs) => (outputs - 1) * Scale + Span;

    /// <summary>Describes a convolution of <paramref name="source"/> elements.</summary>
    public static ConvAxis Forward(Window window, int source, int outputs) =>
        new(source, window.Low, window.Stride, window.Extent, [new(0, 1, outputs, new(0, window.Size, 1, 0, window.Dilation))]);

    /// <summary>Describes its adjoint: from a cotangent of <paramref name="source"/> elements back to <paramref name="outputs"/>.</summary>
    public static ConvAxis Backward(Window window, int source, int outputs)
    {
        // output i = start + stride t is reached by tap k from element t + e, with e = (start + low - k dilation) / stride
        var found = new List<(int Start, List<(int Tap, int At)> Taps)>();
        int stride = window.Stride;
        for (int start = 0; start < Math.Min(stride, outputs); start++)
        {
            var taps = new List<(int, int)>();
            for (int k = 0; k < window.Size; k++)
                if ((start + window.Low - k * window.Dilation) % stride == 0)
                    taps.Add((k, (start + window.Low - k * window.Dilation) / stride));
            found.Add((start, taps));
        }
        var all = found.SelectMany(f => f.Taps).Select(t => t.At).DefaultIfEmpty(0).ToList();
        int least = all.Min(),
            span = all.Max() - least + 1;
        var phases = found.Select(f =>
        {
            var taps = f.Taps;
            var (step, move) = taps.Count < 2 ? (1, 0) : (taps[1].Tap - taps[0].Tap, taps[1].At - taps[0].At);
            var list = taps.Count == 0 ? new Taps(0, 0, 1, 0, 0) : new Taps(taps[0].Tap, taps.Count, step, taps[0].At - least, move);
            return new Phase(f.Start, stride, (outputs - f.Start + stride - 1) / stride, list);
        });
        return new(source, -least, 1, span, [.. phases]);
    }
}
