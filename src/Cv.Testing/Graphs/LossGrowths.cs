using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Lists the ways to grow by a loss of scores and labels: the labels are an input of whole numbers, 0 to 2.</summary>
static class LossGrowths
{
    const int Classes = 3; // a point's whole numbers are 0, 1 or 2

    public static ImmutableArray<Growth> All { get; } =
    [
        Loss("pick", (s, l) => s.Pick(l)),
        Loss("labels", (s, l) => s.Pick(l.AsLabels(Classes))),
        Loss("softmax_cross_entropy", (s, l) => s.SoftmaxCrossEntropy(l)),
        Loss("multiclass_svm", (s, l) => s.MulticlassSvm(l)),
        Loss("focal_loss", (s, l) => s.FocalLoss(l)),
        Loss("label_smoothing", (s, l) => s.LabelSmoothing(l)),
        Loss("cross entropy by hand", (s, l) => -(s.Exp() / s.Exp().Sum([1], keepDims: true)).Pick(l).Log().Mean()),
        Loss("picked in a scan", (s, l) => Picked(s, l)),
    ];

    static Growth Loss(string name, Func<Expr, Expr, Expr> loss) =>
        new(name, n => n.OfRank(2) is { Shape.Rank: 2 } x && Scores(n, x) is var s ? loss(s, n.Leaf(new(s.Shape[0]), DType.I32)) : null);

    static Expr Scores(Nursery n, Expr x) => x.Shape[1].Value == Classes ? x : x.MatMul(n.Leaf([x.Shape[1], Classes])) * 0.5;

    static Expr Picked(Expr scores, Expr labels) =>
        Expr.Scan([], [scores, labels], (_, x) => ([], [x[0].Reshape(1, Classes).Pick(x[1].Reshape(1))])).Outputs[0].Sin().Sum();
}
