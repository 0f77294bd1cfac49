using Cv.Dsl;

namespace Cv.Compiler;

// what floats into the factors of products: computed while they are copied, and never written
sealed partial class Fuse
{
    readonly Dictionary<Expr, List<Expr>> _users = [];
    readonly HashSet<Expr> _roots = [];

    void FindUsers()
    {
        _roots.UnionWith(_graph.Roots.Select(Geometry.Source));
        foreach (var user in _graph.Nodes.Where(n => n.Op is not Reshape))
        foreach (var used in user.Operands.Select(Geometry.Source))
            (_users.TryGetValue(used, out var list) ? list : _users[used] = []).Add(user);
    }

    /// <summary>Lists the nodes that read a node, or a reshape of it, once an operand.</summary>
    List<Expr> Users(Expr e) => _users.GetValueOrDefault(e, []);

    /// <summary>Tells whether all who read a node can compute it themselves: loops and epilogues of its shape, and products that copy it.</summary>
    bool NeedsNoBuffer(Expr e)
    {
        return !_roots.Contains(e)
            && Users(e)
                .TrueForAll(u =>
                    u.Op switch
                    {
                        Elementwise or Broadcast => Kernels.IsElementwise(u) && IsItself(u) && u.Shape == e.Shape,
                        Reduction => Kernels.IsFold(u.Op) && IsItself(u),
                        Conv2d or Conv2dInput => IsItself(u) && !IsEmpty(u) && u.Operands[1] != e,
                        Conv2dWeights => IsItself(u) && !IsEmpty(u),
                        _ => Products(u) is { } products && products.TrueForAll(p => !IsEmpty(p) && new GemmStep(p).Copied.Contains(e)),
                    }
                );

        bool IsItself(Expr user) => user.Operands.All(o => o == e || Geometry.Source(o) != e);
    }

    /// <summary>Lists the matrix products that a reader of a factor is, or that read it transposed in place; null if it is neither.</summary>
    List<Expr>? Products(Expr user) =>
        user.Op is MatMul ? [user]
        : _readInPlace.Contains(user) ? Users(user)
        : null;

    /// <summary>Tells whether computing a node in each who reads it moves less memory than writing it and reading it.</summary>
    bool Pays(Expr e)
    {
        int buffers = Large(e).Count,
            readers = Users(e).Count;
        return buffers * readers < buffers + 1 + readers;
    }

    /// <summary>Tells whether a node may float into a product that copies it, rather than have a loop of its own.</summary>
    bool IsForProducts(Expr e) =>
        e.Shape.Size >= LeastRecomputed
        && Users(e).Exists(u => u.Op is Conv2d or Conv2dInput or Conv2dWeights || Products(u) is not null)
        && NeedsNoBuffer(e)
        && Pays(e);

    /// <summary>Has a step compute the factors that float, as it copies them.</summary>
    void TakeChains(Step step)
    {
        foreach (var factor in step.Copied)
        {
            var chain = new List<Expr>();
            if (
                _floating.ContainsKey(factor)
                && !step.Computed.Contains(factor)
                && NeedsNoBuffer(factor)
                && Pays(factor)
                && Gather(step, factor, factor, chain)
            )
            {
                step.Prologue.AddRange(chain.Except(step.Prologue));
                step.Computed.Add(factor);
            }
        }
    }

    /// <summary>Lists the floating nodes that a factor is made of, operands first; false where the copying loop cannot compute one.</summary>
    bool Gather(Step step, Expr factor, Expr e, List<Expr> chain)
    {
        if (chain.Contains(e))
            return true;
        if (IsRandom(e) || IsFloatCast(e) || !SameLanes(step, e) || e.Shape != factor.Shape)
            return false;
        foreach (var o in e.Operands)
        {
            bool inside = _floating.ContainsKey(o) && o.Shape == factor.Shape;
            if (inside ? !Gather(step, factor, o, chain) : o.Op is not Const && !step.Feeds(factor, o))
                return false;
        }
        chain.Add(e);
        return true;
    }
}
