using Cv.Compiler;
using Cv.Dsl;
using Cv.Examples.Gates;
using Cv.Runtime;

// An expression, its gradient, and the kernels they become.
Expr x = Expr.Input("x", ["N"]);
Expr loss = (x / (1f + x.Abs())).Sum();
var slope = Gradient.Of(loss, x)[0];
Console.WriteLine($"-- softsign as a composition, summed\n{new Graph(loss)}");
Console.WriteLine($"-- its gradient, simplified\n{Pipeline.Passes[0].Run(new Graph(slope))}");
string stages = Compile.Function(new Graph(loss, slope), new() { Width = VectorWidth.Bits256 }).Explain(("N", 1000));
Console.WriteLine($"-- their kernels\n{stages[stages.IndexOf("== kernel", StringComparison.Ordinal)..]}");

// Gates and an op of one's own: their slopes at a point, by gradient and by central differences.
Console.WriteLine($"{OwnGates.Swish}\n  its derivative: {OwnGates.Swish.Derivative()}");
Console.WriteLine($"{OwnGates.Squash}\n  its derivative: {OwnGates.Squash.Derivative()}");
foreach (
    var (name, gate) in new (string, Func<Expr, Expr>)[]
    {
        ("swish", x => x.Apply(OwnGates.Swish)),
        ("squash", x => x.Apply(OwnGates.Squash)),
        ("softsign", OwnVerbs.Softsign),
        ("a running sum", x => (x * x).Reshape(1).BroadcastTo([3]).Apply(RunningSum.Gate).Sum()),
    }
)
{
    const double At = 0.75,
        H = 1e-5;
    Expr t = Expr.Input("t", [], DType.F64);
    var (y, dy) = (gate(t), Gradient.Of(gate(t), t)[0]);
    double difference = (Value(y, At + H) - Value(y, At - H)) / (2 * H);
    Console.WriteLine($"{name}: slope {Value(dy, At):F9} by gradient, {difference:F9} by differences");
}

static double Value(Expr y, double t) => Compile.Function(y).Call(new Binding("t", Tensor.From([], new[] { t })))[0].Item();

// And by every other way to tell a derivative.
Checks.Run();

// A pass of one's own.
Console.WriteLine(
    $"\n-- softsign (x / 4), after a pass of one's own\n{Pass.RunAll([MultiplyByReciprocals.Pass], new((x / 4f).Softsign()))}"
);

// A layer, a loss and an optimiser of one's own, in one training step: three arms of a spiral, as in the CS231n notes' case study.
const int Arms = 3,
    Points = 100;
var (points, arms) = (Tensor.Zeros([Arms * Points, 2]), Tensor.Zeros([Arms * Points], DType.I32));
var noise = new Random(1);
for (int i = 0; i < Arms * Points; i++)
{
    double radius = (double)(i / Arms) / Points,
        angle = 4 * radius + 4 * (i % Arms) + 0.2 * noise.NextDouble();
    points.AsSpan<float>()[2 * i] = (float)(radius * Math.Sin(angle));
    points.AsSpan<float>()[2 * i + 1] = (float)(radius * Math.Cos(angle));
    arms.AsSpan<int>()[i] = i % Arms;
}
var model = Model.Input(2).Dense(64).Then(OwnGates.Swish).Residual().UnitLength().Dense(Arms);
var program = Training.Compile(model, (scores, labels) => scores.SmoothedCrossEntropy(labels), new Lion(0.003), metrics: [Metric.Accuracy]);
using var state = program.Initialise(seed: 1);
for (int step = 0; step <= 400; step++)
{
    var figures = program.Step.Call(state, new("x", points), new("labels", arms));
    if (step % 100 == 0)
        Console.WriteLine($"spiral, step {step, 3}: loss {figures[0].Item():F3}, accuracy {figures[1].Item():F2}");
}

// What is one layer, and what is two: the names of all parameters.
var (distance, judged) = Sharing.Of(
    Expr.Input("left", ["N", 8]).Scaled(),
    Expr.Input("right", ["N", 8]).Scaled(),
    Model.Input(4).Dense(8).Tanh().Dense(2),
    Model.Input(2).Dense(8).Relu().Dense(1)
);
Console.WriteLine(string.Join(" ", new Graph(distance, judged).Nodes.Select(e => e.Op).OfType<Parameter>().Select(p => p.Id)));
