using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Describes an image by how often it holds each of K visual words (G. Csurka and others, "Visual Categorization with Bags of Keypoints", 2004; A. Coates, A. Ng, H. Lee, "An
/// Analysis of Single-Layer Networks in Unsupervised Feature Learning", 2011). Words are clusters of small patches of the training images, whitened; an image's patches are
/// cut, normalised, whitened and told apart in one compiled graph.
/// </summary>
/// <example><code>
/// var bag = BagOfVisualWords.Fit(train, new() { Words = 400, Grid = 2 });
/// Features features = bag.Describe(train);     // f32[N,1600]
/// </code></example>
public sealed class BagOfVisualWords
{
    const int BatchImages = 50;

    readonly VisualWordOptions _options;
    readonly Shape _image;
    readonly LinearMap _whitening;
    readonly KMeans _words;

    BagOfVisualWords(VisualWordOptions options, Shape image, LinearMap whitening, KMeans words) =>
        (_options, _image, _whitening, _words) = (options, image, whitening, words);

    /// <summary>Gives the words as they were found.</summary>
    public KMeans Words => _words;

    /// <summary>Gives what whitens a normalised patch.</summary>
    public LinearMap Whitening => _whitening;

    /// <summary>Counts the numbers that describe an image: words times cells.</summary>
    public int Size => _options.Words * _options.Grid * _options.Grid;

    /// <summary>Learns the words from random patches of training images, without their labels.</summary>
    /// <param name="train">Images [height, width, channels]; bytes are divided by 255.</param>
    /// <param name="options">Says how large and how many; the defaults unless given.</param>
    /// <exception cref="ShapeException">The images are not [height, width, channels], or smaller than a patch.</exception>
    /// <exception cref="DataException">There are no images.</exception>
    /// <exception cref="GraphException">An option is out of range, or there are more words than patches.</exception>
    public static BagOfVisualWords Fit(Examples train, VisualWordOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        options = (options ?? new()).Checked(train);
        using var batches = new Batches(RandomPatches(train, options), 1000);
        var normalised = Features.Compute(Compile.Function(Normalised(Images(batches.SampleShape), options)), batches);
        var whitening = Practice.Whitening.Zca(normalised, options.Epsilon);
        var words = KMeans.Fit(whitening.Apply(normalised), options.Words, options.Seed, options.Iterations);
        return new(options, train.SampleShape, whitening, words);
    }

    /// <summary>Describes images: f32[N, <see cref="Size"/>], the frequencies of words in each cell of the grid, row by row.</summary>
    /// <exception cref="ShapeException">The images have another shape than those that the words were learnt from.</exception>
    public Features Describe(Examples images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.SampleShape != _image)
            throw new ShapeException(
                $"visual words: images must be {_image}, as those that the words were learnt from; got {images}. Describe images of that shape."
            );
        int size = _whitening.From;
        using var state = new ModelState([
            new("mean", _whitening.Mean.Clone()),
            new("matrix", _whitening.Matrix.Clone()),
            new("words", _words.Centroids.Clone()),
        ]);
        var white = (Normalised(Images(_image), _options) - Expr.State("mean", [1, size]).Reshape(1, 1, 1, size)).Conv2d(
            Expr.State("matrix", [size, size]).Reshape(1, 1, size, size)
        );
        var codes = Codes(white, Expr.State("words", [_options.Words, size]));
        using var batches = new Batches(images, BatchImages);
        return Features.Compute(Compile.Function(Expr.Concat(1, Cells(codes))), state, batches);
    }

    static Expr Images(Shape image) => Expr.Input("x", ["N", .. image.Dims]);

    /// <summary>Cuts all patches out of images, [N,H,W,C] -> [N,h,w,P P C], and gives each mean 0 and, but for epsilon, deviation 1: brightness and contrast are gone.</summary>
    static Expr Normalised(Expr images, VisualWordOptions options)
    {
        int patch = options.PatchSize;
        int Steps(int axis) => (images.Shape[axis].Value - patch) / options.Stride + 1;
        var pixels =
            from row in Enumerable.Range(0, patch)
            from column in Enumerable.Range(0, patch)
            select images.Slice(1, row, Steps(1), options.Stride).Slice(2, column, Steps(2), options.Stride);
        var patches = Expr.Concat(3, [.. pixels]);
        return (patches - patches.Mean([3], keepDims: true)) / (patches.Variance([3], keepDims: true) + options.Contrast).Sqrt();
    }

    /// <summary>Says of each patch which word it is, [N,h,w,K]: 1 at the nearest, or how much nearer than the mean word each is.</summary>
    Expr Codes(Expr patches, Expr words)
    {
        var lengths = (words * words).Sum(1).Reshape(1, 1, 1, _options.Words);
        var squares =
            (patches * patches).Sum([3], keepDims: true)
            + lengths
            - 2 * patches.Conv2d(words.T().Reshape(1, 1, _whitening.To, _options.Words));
        if (!_options.Soft)
            return (-squares).ArgMax(3).OneHot(_options.Words);
        var distances = squares.Maximum(0).Sqrt();
        return (distances.Mean([3], keepDims: true) - distances).Maximum(0);
    }

    Expr[] Cells(Expr codes)
    {
        int grid = _options.Grid;
        return
        [
            .. from row in Enumerable.Range(0, grid)
            from column in Enumerable.Range(0, grid)
            select Part(Part(codes, 1, row), 2, column).Mean(1, 2),
        ];

        // cells differ by one patch where the grid does not divide them
        Expr Part(Expr x, int axis, int cell)
        {
            int count = x.Shape[axis].Value,
                from = count * cell / grid;
            return x.Slice(axis, from, count * (cell + 1) / grid - from);
        }
    }

    static Features RandomPatches(Examples train, VisualWordOptions options)
    {
        int patch = options.PatchSize,
            height = train.SampleShape[0].Value,
            width = train.SampleShape[1].Value,
            channels = train.SampleShape[2].Value;
        var random = new RandomStream(options.Seed, "patches");
        int Draw(long index, int count) => (int)(random.Uniform(index) * count);
        var patches = Tensor.Uninitialised([options.Patches, patch, patch, channels]);
        var values = patches.AsSpan<float>();
        var image = new float[train.SampleSize];
        int line = patch * channels;
        for (int i = 0; i < options.Patches; i++)
        {
            train.CopyTo(Draw(3L * i, train.Count), image);
            int top = Draw(3L * i + 1, height - patch + 1),
                left = Draw(3L * i + 2, width - patch + 1);
            for (int row = 0; row < patch; row++)
                image.AsSpan(((top + row) * width + left) * channels, line).CopyTo(values[((i * patch + row) * line)..]);
        }
        return new($"{train.Name} patches", patches, new byte[options.Patches], ["patch"]);
    }
}
