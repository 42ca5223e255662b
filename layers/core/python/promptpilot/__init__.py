"""PromptPilot Pro: versioned prompts, workflows of them, and what their runs did and cost."""
