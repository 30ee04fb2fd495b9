export default {
  extends: ['@commitlint/config-conventional'],
  rules: {
    'header-max-length': [2, 'always', 120],
    'body-max-line-length': [0],
    'footer-max-line-length': [0],
    // A subject may begin with a name such as JWKS, so sentence case is not refused.
    'subject-case': [2, 'never', ['start-case', 'pascal-case', 'upper-case']],
  },
};
