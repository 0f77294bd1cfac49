using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Groups nodes into kernels, in one walk. Steps stand in a list whose order is a valid order of execution, so a node may join the
/// latest step among its operands', or any later one, without a search for cycles: everything else that it needs runs earlier. Cheap chains
/// that depend on leaves alone float, and so do masks: they are computed again inside each step that uses them. Random numbers, and masks made of
/// them, float to the one step that uses them, or are drawn before all others if there are several.
/// </summary>
sealed partial class Fuse
{
    const int MaxMembers = 96;
    const int MaxFloating = 8;
    const int MaxRecomputed = 4;
    const int SmallPart = 4;
    const int LeastRecomputed = 1 << 12;
    const int SmallFold = 1 << 14;
    const int SmallLoop = 1 << 12;
    const int LookBack = 16;
    const int LeastPart = 4;

    readonly Graph _graph;
    readonly List<Step> _prologue = [];
    readonly List<Step> _steps = [];
    readonly Dictionary<Expr, Step> _home = [];
    readonly Dictionary<Expr, Float> _floating = [];
    readonly HashSet<Expr> _readInPlace = [];
    readonly Dictionary<Expr, int> _uses = [];
    readonly HashSet<Expr> _isRead = [];

    Fuse(Graph graph) => _graph = graph;

    /// <summary>
    /// Describes a node that no step holds yet: the ops of its chain, the latest step that the chain reads, if any, and whether random numbers are drawn in it.
    /// </summary>
    readonly record struct Float(int Cost, Step? After, bool IsRandom = false);

    /// <summary>Makes the schedule of a bound, simplified and expanded graph.</summary>
    public static Schedule Run(Graph graph)
    {
        graph = CopyLeafRoots(graph);
        var fuse = new Fuse(graph);
        fuse.FindFoldableTransposes();
        foreach (var e in graph.Nodes)
            fuse.Place(e);
        foreach (var root in graph.Roots)
            fuse.Materialise(Geometry.Source(root));
        return Order.Run(graph, [.. fuse._prologue, .. fuse._steps]);
    }

    /// <summary>Gives each root a node of its own that is computed, where it is only a leaf.</summary>
    static Graph CopyLeafRoots(Graph graph)
    {
        Expr Copy(Expr root) =>
            Geometry.Source(root) is { Op: Leaf } leaf ? Expr.Of(new Broadcast(leaf.Shape), leaf).Reshape(root.Shape) : root;
        return new([.. graph.Outputs.Select(Copy)], [.. graph.Updates.Select(u => u with { Value = Copy(u.Value) })]);
    }

    void FindFoldableTransposes()
    {
        foreach (var e in _graph.Nodes)
            if (GemmStep.IsFoldable(e))
                _readInPlace.Add(e);
        foreach (var e in _graph.Nodes)
            if (e.Op is not MatMul)
                foreach (var operand in e.Operands)
                    _readInPlace.Remove(operand);
        foreach (var root in _graph.Roots)
            _readInPlace.Remove(root);
    }

    void Place(Expr e)
    {
        switch (e.Op)
        {
            case Leaf or Reshape or Delay:
                break;
            case Scan:
                Append(new ScanStep(e));
                break;
            case Part when e.Operands[0] is { Op: Scan } scan:
                ((ScanStep)_home[scan]).Join(e);
                _home[e] = _home[scan];
                break;
            case MatMul:
                Append(new GemmStep(e));
                break;
            case Conv2d or Conv2dInput when !IsEmpty(e):
                Append(new ConvStep(e));
                break;
            case Conv2dWeights when !IsEmpty(e):
                Append(new ConvWeightsStep(e));
                break;
            case Pooling when !IsEmpty(e):
                Append(new PoolStep(e));
                break;
            case Uniform:
                PlaceRandom(e);
                break;
            case Elementwise or Broadcast:
                PlaceElementwise(e);
                break;
            case Reduction:
                PlaceReduction(e);
                break;
            default:
                if (!_readInPlace.Contains(e))
                    Append(new MoveStep(e));
                break;
        }
    }

    void PlaceElementwise(Expr e)
    {
        var step = Latest(e);
        if (step is null && e.DType == DType.Bool && e.Operands.Any(IsRandom))
        {
            PlaceRandom(e);
            return;
        }
        int cost = 1 + e.Operands.Sum(o => _floating.GetValueOrDefault(Geometry.Source(o)).Cost);
        bool cheap = cost <= MaxFloating && !IsCostly(e.Op) && !IsFloatCast(e);
        if (cheap && (step is null || e.DType == DType.Bool || (cost <= MaxRecomputed && IsCheaperThanMemory(e))))
            _floating[e] = new(cost, step);
        else if (step is null || !(TryJoin(step, e) || TryLater(step, e)))
            Append(NewLoop(e));
    }

    /// <summary>Lets random numbers, or a mask of them, float to their user; draws them once and for all where they have several. A mask is a byte each.</summary>
    void PlaceRandom(Expr e)
    {
        if (Latest(e) is not null)
        {
            Append(NewLoop(e));
            return;
        }
        // with a cost such that what is made of them does not float with them
        _floating[e] = new(MaxFloating, null, IsRandom: true);
        if (Uses(e) > 1)
            Materialise(e);
    }

    bool IsRandom(Expr operand) => _floating.GetValueOrDefault(Geometry.Source(operand)).IsRandom;

    int Uses(Expr e)
    {
        if (_uses.Count == 0)
            foreach (var used in _graph.Nodes.SelectMany(n => n.Operands).Concat(_graph.Roots).Select(Geometry.Source))
                _uses[used] = _uses.GetValueOrDefault(used) + 1;
        return _uses.GetValueOrDefault(e);
    }

    /// <summary>
    /// Tells whether a node had better be computed where it is used than written and read: it walks one buffer that others read anyway, or
    /// none that is nearly as large as its value.
    /// </summary>
    bool IsCheaperThanMemory(Expr e)
    {
        var large = new HashSet<Expr>();
        foreach (var operand in e.Operands)
            if (!AddLarge(operand, e.Shape.Size / SmallPart, large))
                return false;
        return e.Shape.Size >= LeastRecomputed && large.Count <= 1;
    }

    /// <summary>Collects the large buffers that an operand is made of; false if one is no buffer yet.</summary>
    bool AddLarge(Expr operand, int size, HashSet<Expr> large)
    {
        var source = Geometry.Source(operand);
        if (source.Op is Const or Iota || source.Shape.Size <= size)
            return true;
        if (_floating.ContainsKey(source))
            return source.Operands.All(o => AddLarge(o, size, large));
        large.Add(source);
        return source.Op is Leaf || _isRead.Contains(source);
    }

    /// <summary>Joins a later step beside which the node saves a walk: one that is small, or that reads something the node reads.</summary>
    bool TryLater(Step after, Expr e)
    {
        for (int i = _steps.Count - 1; i > after.Order && i >= _steps.Count - LookBack; i--)
        {
            if (_steps[i] is not LoopStep loop || loop.Size != (e.Op is Reduction ? e.Operands[0] : e).Shape.Size)
                continue;
            bool shares = loop.Size <= SmallLoop || Shares(loop, e);
            if (shares && TryJoin(loop, e))
                return true;
        }
        return false;
    }

    /// <summary>Tells whether a loop holds, or reads, what a node reads: through what floats, too.</summary>
    bool Shares(LoopStep loop, Expr e) =>
        e.Operands.Any(o =>
            Geometry.Source(o) is var source
            && (
                loop.Roles.ContainsKey(source)
                || (o.Op is not Const && loop.Members.Exists(m => m.Operands.Contains(o)))
                || (_floating.ContainsKey(source) && Shares(loop, source))
            )
        );

    void PlaceReduction(Expr e)
    {
        var operand = e.Operands[0];
        if (Latest(e) is { } step && (TryJoin(step, e) || (_floating.ContainsKey(Geometry.Source(operand)) && TryLater(step, e))))
            return;
        var fresh = new LoopStep(operand.Shape.Size) { Lane = Lane(e) };
        Import(fresh, operand, operand.Shape, Role.Full);
        if (!TryFold(fresh, e))
        {
            // the chain above broadcasts across the rows that the fold needs: write it out, and fold the buffer
            Materialise(Geometry.Source(operand));
            fresh = new LoopStep(operand.Shape.Size) { Lane = Lane(e) };
            if (!TryFold(fresh, e))
                throw new InvalidOperationException($"fuse: {e} of {operand} fits no kernel.");
        }
        Append(fresh);
    }

    LoopStep NewLoop(Expr e)
    {
        bool cast = IsFloatCast(e);
        var step = new LoopStep(e.Shape.Size) { Lane = cast ? DType.F64 : Lane(e), IsClosed = cast };
        foreach (var operand in e.Operands)
            Import(step, operand, e.Shape, Role.Full);
        Include(step, e, Role.Full);
        return step;
    }

    /// <summary>Gives a node that is still floating a step of its own: before all others, where it depends on leaves alone.</summary>
    void Materialise(Expr e)
    {
        if (!_floating.TryGetValue(e, out var chain) || _home.ContainsKey(e))
            return;
        var step = NewLoop(e);
        if (chain.After is not null)
        {
            _floating.Remove(e);
            Append(step);
            return;
        }
        step.IsClosed = true; // what would join might need a step that is made later
        step.Order = -1;
        _prologue.Add(step);
        _home[e] = step;
        _floating.Remove(e);
    }

    void Append(Step step)
    {
        foreach (var read in step.Reads().ToList())
        {
            Materialise(read);
            _isRead.Add(read);
        }
        foreach (var member in step.Members)
            if (!_floating.ContainsKey(member))
                _home[member] = step;
        step.Order = _steps.Count;
        _steps.Add(step);
    }

    Step? Latest(Expr e)
    {
        Step? latest = null;
        foreach (var operand in e.Operands)
        {
            var source = Geometry.Source(operand);
            var home = _home.GetValueOrDefault(source) ?? _floating.GetValueOrDefault(source).After;
            if (home is not null && (latest is null || home.Order > latest.Order))
                latest = home;
        }
        return latest;
    }

    static bool IsEmpty(Expr e) => e.Shape.Size == 0 || e.Operands.Any(o => o.Shape.Size == 0);

    /// <summary>Tells that an op takes many instructions, so that computing it twice does not pay.</summary>
    public static bool IsCostly(Op op) =>
        op is Uniform or Exp or Expm1 or Log or Log1p or Pow or Tanh or Sigmoid or Erf or Sin or Cos or Gated;
}
