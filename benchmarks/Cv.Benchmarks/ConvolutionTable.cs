using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Benchmarks;

/// <summary>Gives a convolutional layer of a known network: square images and filters, as many zeros on every side.</summary>
sealed record ConvolutionCase(
    string Name,
    int Batch,
    int Size,
    int Channels,
    int Filters,
    int Kernel,
    int Stride,
    int Padding,
    int Groups = 1
)
{
    Window Window => new(Kernel, Stride, Padding, Padding);

    /// <summary>Gives the layer and its two derivatives, by images and by filters, of inputs x, w and dy.</summary>
    public ImmutableArray<Expr> Graph()
    {
        Expr x = Expr.Input("x", [Batch, Size, Size, Channels]),
            w = Expr.Input("w", [Kernel, Kernel, Channels / Groups, Filters]);
        var y = Expr.Of(new Conv2d(Window, Window, Groups), x, w);
        var dy = Expr.Input("dy", y.Shape);
        return [y, .. y.Op.Vjp(y, dy).Select(d => d!)];
    }

    /// <summary>Asks the peer for the milliseconds of the same.</summary>
    public object Request(double seconds) =>
        new
        {
            Do = "convolution",
            Batch,
            Size,
            Channels,
            Filters,
            Kernel,
            Stride,
            Padding,
            Groups,
            Seconds = seconds,
        };
}

/// <summary>Times convolution, forward and backward by images and filters, against PyTorch.</summary>
static class ConvolutionTable
{
    const int KernelCalls = 10;

    /// <summary>Lists layers of networks that people train.</summary>
    static IReadOnlyList<ConvolutionCase> Cases { get; } =
    [
        new("lenet5 conv2", 128, 14, 6, 16, 5, 1, 0),
        new("convnetjs conv2", 64, 16, 16, 20, 5, 1, 2),
        new("vgg-small conv2", 64, 32, 32, 32, 3, 1, 1),
        new("vgg16 conv1_1", 2, 224, 3, 64, 3, 1, 1),
        new("vgg16 conv3_2", 1, 56, 256, 256, 3, 1, 1),
        new("vgg16 conv5_1", 2, 14, 512, 512, 3, 1, 1),
        new("resnet50 stem", 2, 224, 3, 64, 7, 2, 3),
        new("resnet50 conv3_1 3x3 stride 2", 4, 56, 128, 128, 3, 2, 1),
        new("resnet50 conv2_1 1x1", 4, 56, 64, 256, 1, 1, 0),
        new("mobilenet depthwise 3x3", 4, 56, 128, 128, 3, 1, 1, 128),
    ];

    public static IEnumerable<Comparison> Run(CompileOptions options, Pace pace, Peer? peer)
    {
        var all = new List<Comparison>();
        foreach (var shape in pace.IsQuick ? Cases.Take(2) : Cases)
        {
            all.Add(Compare(shape, options, pace, peer));
            yield return all[^1];
        }
        double[] ratios = [.. all.Select(c => c.RatioMedian).OfType<double>().Order()];
        if (ratios.Length == Cases.Count)
            yield return all[0] with
            {
                Case = "all: geometric mean, least and greatest of the medians",
                RatioMedian = Duel.Digits(Math.Exp(ratios.Average(Math.Log))),
                RatioMin = ratios[0],
                RatioMax = ratios[^1],
                MsMedian = Duel.Digits(all.Sum(c => c.MsMedian)),
                PeerMsMedian = Duel.Digits(all.Sum(c => c.PeerMsMedian!.Value)),
                GigaflopsMedian = null,
            };
    }

    /// <summary>Prints what each kernel takes.</summary>
    public static void PrintKernels(CompileOptions options, TextWriter to)
    {
        foreach (var shape in Cases)
        {
            var graph = new Graph(shape.Graph());
            var (function, inputs) = Ready(graph, options);
            function.Call(inputs);
            KernelTable.Print(
                shape.Name,
                function.TimeKernels(KernelCalls, 2, ModelState.Empty, inputs),
                Arithmetic.Convolutions(graph),
                to
            );
        }
    }

    static Comparison Compare(ConvolutionCase shape, CompileOptions options, Pace pace, Peer? peer)
    {
        var graph = new Graph(shape.Graph());
        var (function, inputs) = Ready(graph, options);
        Tensor[] results = [.. function.Call(inputs)];
        return Duel.Run(
            "convolution",
            shape.Name,
            options.Threads,
            Arithmetic.Flops(graph),
            pace,
            seconds => Duel.Time(() => function.CallInto(results, inputs), seconds),
            peer is null ? null : (peer.Name, seconds => peer.Milliseconds(shape.Request(seconds)))
        );
    }

    static (CompiledFunction Function, Binding[] Inputs) Ready(Graph graph, CompileOptions options)
    {
        var function = Cv.Compiler.Compile.Function(graph, options);
        var random = new Random(1);
        return (function, [.. function.Inputs.Select(i => new Binding(i.Id, Uniform(i.Type.Shape, random)))]);
    }

    static Tensor Uniform(Shape shape, Random random)
    {
        var tensor = Tensor.Zeros(shape);
        foreach (ref float value in tensor.AsSpan<float>())
            value = random.NextSingle() - 0.5f;
        return tensor;
    }
}
