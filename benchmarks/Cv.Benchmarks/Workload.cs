using Cv.Compiler;
using Cv.Dsl;

namespace Cv.Benchmarks;

/// <summary>Names a training step: the loss of a model on one batch, its gradient, and the update of every parameter.</summary>
/// <param name="Name">The name, as in peer_torch.py.</param>
/// <param name="Batch">The number of examples of a step.</param>
/// <param name="Model">A classifier of 10 classes.</param>
/// <param name="Loss">Gives the scalar loss from scores f32["N",10] and labels i32["N"].</param>
/// <param name="Optimiser">Gives each parameter's next value.</param>
sealed record Workload(string Name, int Batch, Model Model, Func<Expr, Expr, Expr> Loss, Optimiser Optimiser)
{
    /// <summary>Lists the workloads of peer_torch.py, with its settings.</summary>
    public static IReadOnlyList<Workload> All { get; } =
    [
        new("softmax-linear-256x3072", 256, Mlp(3072), Verbs.SoftmaxCrossEntropy, Optimiser.GradientDescent(1e-3)),
        new("svm-linear-256x3072", 256, Mlp(3072), (scores, labels) => scores.MulticlassSvm(labels), Optimiser.GradientDescent(1e-3)),
        new("mlp-784-256-256-10-b128", 128, Mlp(784, 256, 256), Verbs.SoftmaxCrossEntropy, Optimiser.Adam(1e-3)),
        new("mlp-small-b32", 32, Mlp(64, 128, 128), Verbs.SoftmaxCrossEntropy, Optimiser.Adam(1e-3)),
        new("convnetjs-cifar-b64", 64, Models.ConvNetJs([32, 32, 3]), Verbs.SoftmaxCrossEntropy, Optimiser.Momentum(1e-3)),
        new("lenet5-mnist-b128", 128, Models.LeNet5([28, 28, 1]), Verbs.SoftmaxCrossEntropy, Optimiser.Adam(1e-3)),
        new("vgg-small-cifar-b64", 64, VggSmall(), Verbs.SoftmaxCrossEntropy, Optimiser.Adam(1e-3)),
    ];

    /// <summary>Gives a residual network of 152 layers on small images, narrow and with all its layers: for the time that compiling it takes.</summary>
    public static Workload ResNet152 { get; } =
        new("resnet152-narrow-b16", 16, ResidualNet.Of(3, 8, 36, 3), Verbs.SoftmaxCrossEntropy, Optimiser.Momentum(1e-3));

    /// <summary>Gives the shape of a batch's examples.</summary>
    public Shape Examples => Model.Source.Shape.With(0, Batch);

    /// <summary>Writes the step. Like the peer's, it gives the loss alone.</summary>
    public Graph Step()
    {
        var loss = Loss(Model.Output, Expr.Input(Training.Labels, ["N"], DType.I32));
        var forward = new Graph(loss).ForTraining();
        var (updates, _) = Training.Descend(forward.Outputs[0], Model.Parameters, Optimiser);
        return new(forward.Outputs, [.. updates, .. forward.Updates]);
    }

    /// <summary>
    /// Makes a net of so many layers that add to what they get: for the time that compiling it takes. They are of one size, and share their code, or of as
    /// many as there are layers.
    /// </summary>
    public static Workload Deep(int layers, bool alike)
    {
        const int width = 16;
        var model = Model.Input(width);
        for (int i = 0; i < layers; i++)
        {
            var (hidden, name) = (alike ? width : width + i, $"layer{i}");
            model = model.Then(x => x + x.Linear(hidden, name + ".first").Tanh().Linear(width, name + ".second"));
        }
        string kind = alike ? "like" : "unlike";
        return new($"residual-mlp-{layers}-{kind}-layers", 32, model.Dense(10), Verbs.SoftmaxCrossEntropy, Optimiser.Momentum(1e-3));
    }

    /// <summary>Stacks four layers of 3x3 filters, batch norm behind each, and two dense ones.</summary>
    static Model VggSmall()
    {
        static Model Block(Model model, int filters) => model.Conv(filters, 3, padding: 1).BatchNorm().Relu();
        var half = Block(Block(Model.Input(32, 32, 3), 32), 32).MaxPool(2);
        return Block(Block(half, 64), 64).MaxPool(2).Flatten().Dense(256).Relu().Dense(10);
    }

    /// <summary>Stacks dense layers of these numbers of inputs, and one of 10 outputs, with a ReLU between each two.</summary>
    static Model Mlp(int inputs, params int[] hidden) =>
        hidden.Aggregate(Model.Input(inputs), (model, width) => model.Dense(width).Relu()).Dense(10);
}
