using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Says how visual words are learnt, and how images are described by them. The defaults are those of Coates, Ng and Lee (2011), with fewer words.</summary>
/// <example><code>var options = new VisualWordOptions { Words = 400, Grid = 2, Soft = true };</code></example>
public sealed record VisualWordOptions
{
    /// <summary>Gives the height and width of a patch, in pixels.</summary>
    public int PatchSize { get; init; } = 6;

    /// <summary>Gives the pixels from one patch of an image to the next.</summary>
    public int Stride { get; init; } = 1;

    /// <summary>Counts the words, K.</summary>
    public int Words { get; init; } = 100;

    /// <summary>Counts the patches that words are learnt from.</summary>
    public int Patches { get; init; } = 50_000;

    /// <summary>Counts the rows and columns of cells that get a histogram each: 1 for the whole image, 2 for its quarters.</summary>
    public int Grid { get; init; } = 1;

    /// <summary>Tells to say of each patch how near it is to every word, max(0, mean distance - distance), instead of counting the nearest alone.</summary>
    public bool Soft { get; init; }

    /// <summary>Gives what is added to a patch's variance before its root is divided by, for values of 0 to 1: 10 / 255^2.</summary>
    public double Contrast { get; init; } = 10.0 / (255 * 255);

    /// <summary>Gives what is added to the variances by the whitening.</summary>
    public double Epsilon { get; init; } = 0.1;

    /// <summary>Gives the most moves of the centroids.</summary>
    public int Iterations { get; init; } = 30;

    /// <summary>Chooses patches and first centroids.</summary>
    public ulong Seed { get; init; } = 1;

    internal VisualWordOptions Checked(Examples train)
    {
        if (Math.Min(Math.Min(PatchSize, Stride), Math.Min(Words, Grid)) < 1 || !(Contrast > 0) || !(Epsilon >= 0))
            throw new GraphException(
                $"visual words: sizes and counts must be 1 or more, the contrast's constant more than 0, epsilon 0 or more; got {this}. Leave them out for the defaults."
            );
        if (Patches < Words)
            throw new GraphException(
                $"visual words: each needs a patch to begin with; got {Patches} patches for {Words} words. Cut more patches, or ask for fewer words."
            );
        if (train.Count == 0)
            throw new DataException($"{train.Name}: expected images to learn words from, found none. Take more of the set.");
        if (train.SampleShape.Rank != 3 || Math.Min(Steps(0), Steps(1)) < Grid)
            throw new ShapeException(
                $"visual words: images must be [height, width, channels], with a patch of {PatchSize} x {PatchSize} for each of {Grid} x {Grid} cells; got {train}. Take smaller patches?"
            );
        return this;

        int Steps(int axis) => train.SampleShape[axis].Value is var extent && extent < PatchSize ? 0 : (extent - PatchSize) / Stride + 1;
    }

    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(VisualWordOptions), PrintMembers);
}
